export async function benchCaches(write: boolean): Promise<void> {
  console.log(write)
}
