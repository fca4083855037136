/** A file as text: nothing is read from a disk inside workerd. */
declare module "*?raw" {
  const text: string
  export default text
}
