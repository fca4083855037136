/**
 * How the load's cursors move: a member's n-th state is a place on the screen, from which n can be told again. So a
 * state is x and y alone, as a real cursor's is, and everything else about it stays in the generator.
 */
const WIDTH = 1920
const HEIGHT = 1080

/** Neighbours are far apart, so that their digits have nothing in common that a compressor would find. */
const APART_X = 7919
const APART_Y = 104_729

/** Pixels down for each pixel to the right; prime to the height. */
const SLOPE = 7

export type Position = { readonly x: number; readonly y: number }

/** Where the member of that index is in its state number `seq`; 0 is where it enters. */
export function positionOf(index: number, seq: number): Position {
  return { x: (index * APART_X + seq) % WIDTH, y: (index * APART_Y + seq * SLOPE) % HEIGHT }
}

/**
 * The number of the state in which the member is there, given the last one that it sent, of which it is no more than a
 * screen's width behind. Null: it never was there.
 */
export function seqOf(index: number, { x, y }: Position, lastSent: number): number | null {
  const behind = positionOf(index, lastSent).x - x
  const seq = lastSent - (((behind % WIDTH) + WIDTH) % WIDTH)
  return seq >= 0 && positionOf(index, seq).y === y ? seq : null
}
