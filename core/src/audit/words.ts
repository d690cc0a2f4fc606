/** `1 device`, `3 devices`. */
export const counted = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`

export const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)
