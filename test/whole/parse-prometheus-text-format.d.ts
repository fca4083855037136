/** The library has no types of its own; test/whole/prometheus.ts checks what it returns. */
declare module "parse-prometheus-text-format" {
  export default function parse(text: string): unknown
}
