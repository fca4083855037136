/** The one alarm: moved only when it must come earlier. Each move is a row written, so what is set is remembered. */

export class Alarm {
  readonly #storage: DurableObjectStorage
  #at: number | null = null

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** When it will go off, in milliseconds since 1970, or null. */
  get at(): number | null {
    return this.#at
  }

  async load(): Promise<void> {
    this.#at = await this.#storage.getAlarm()
  }

  /** It went off, or was deleted with all else: nothing is set until it is set again. */
  wentOff(): void {
    this.#at = null
  }

  /** It must go off at `at` at the latest. */
  async by(at: number): Promise<void> {
    if (at === Number.POSITIVE_INFINITY || (this.#at !== null && this.#at <= at)) return
    await this.moveTo(Math.ceil(at))
  }

  async moveTo(at: number): Promise<void> {
    if (this.#at === at) return
    this.#at = at
    await this.#storage.setAlarm(at)
  }
}
