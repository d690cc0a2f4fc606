/** sizeof(struct page) of every kernel since 5.10. */
export const PAGE_STRUCT_BYTES = 64
/** VMEMMAP_START of every kernel since 5.4 is a multiple of this. @source Linux arch/arm64/include/asm/memory.h */
export const VMEMMAP_ALIGNMENT = 2 ** 21

/** Pointers here are bits [51:0], as in `LinearMap`. */
const ADDRESSES = 2 ** 52
const WIDTHS = { least: 36, most: 52 } as const
/** What an address may have on a CPU without those of 52 bits, whatever the kernel could. */
const WITHOUT_LARGE = 48

/** What the array of struct page begins with, of kernels of one width of addresses and one size of pages. */
type Begin = (width: number, pageBytes: number) => number

const mapped = (width: number): number => 2 ** width - 2 ** (Math.min(width, WITHOUT_LARGE) - 1)
const structs = (width: number, pageBytes: number): number => (mapped(width) / pageBytes) * PAGE_STRUCT_BYTES

/** VMEMMAP_START as it was defined one after the other: in 5.4, 5.11 and 6.9. @source Linux arch/arm64/include/asm/memory.h */
const begins: readonly Begin[] = [
  (width, pageBytes) => ADDRESSES - structs(width, pageBytes) - 2 ** 21,
  (width, pageBytes) => ADDRESSES - (2 ** width / pageBytes) * PAGE_STRUCT_BYTES,
  (width, pageBytes) => ADDRESSES - 2 ** 30 - structs(width, pageBytes),
]

/**
 * The linear addresses that the page may have whose struct page is at `pointer`: the array of them begins with the struct of the page that
 * the linear map begins with, and where it begins differs from kernel to kernel.
 *
 * @param linear any linear address
 */
export function linearAddresses(pointer: number, linear: number, pageBytes: number): number[] {
  const addresses = widthsOf(linear).flatMap((width) =>
    begins.map((begin) => ADDRESSES - 2 ** width + ((pointer - begin(width, pageBytes)) / PAGE_STRUCT_BYTES) * pageBytes),
  )
  return [...new Set(addresses)]
}

/** How wide addresses may be: the linear map is the lower half of the kernel's. */
function widthsOf(linear: number): number[] {
  for (let width: number = WIDTHS.least; width <= WIDTHS.most; width++) {
    if (linear >= ADDRESSES - 2 ** width) return width === WITHOUT_LARGE ? [width, WIDTHS.most] : [width]
  }
  return []
}
