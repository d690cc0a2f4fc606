import type { Gpa } from '../memory/index.ts'

/** Bits [51:32] of a kernel address: arm64 has at most 52 below those that are the same in all, and a number is exact. */
const VA_LOW = 2 ** 20 - 1

/**
 * The low 52 bits of a pointer into the kernel's half of the address space; undefined for anything else. The top byte may be a tag
 * of KASAN or MTE, so only bits [55:52] are asked.
 */
export function kernelPointer(lo: number, hi: number): number | undefined {
  if (((hi >>> 20) & 0xf) !== 0xf) return undefined
  return (hi & VA_LOW) * 2 ** 32 + (lo >>> 0)
}

/**
 * Linux's linear map: all of RAM at one distance, whatever the pages' size and the addresses' width. Everything that kmalloc or the
 * page allocator gave away is addressed through it.
 *
 * @source Linux Documentation/arch/arm64/memory.rst
 */
export class LinearMap {
  readonly #distance: number

  /** `pointer` is the linear address of `at`. */
  constructor(pointer: number, at: number) {
    this.#distance = pointer - at
  }

  /** The linear address of `at`: bits [51:0]. */
  pointer(at: number): number {
    return at + this.#distance
  }

  /** Where what the pointer points to lies in RAM, if it points into the linear map. */
  gpa(pointer: number): Gpa | undefined {
    const at = pointer - this.#distance
    return at >= 0 && at < 2 ** 52 ? (at as Gpa) : undefined
  }

  /** True when another pair tells the same distance. */
  agrees(pointer: number, at: number): boolean {
    return pointer - at === this.#distance
  }
}
