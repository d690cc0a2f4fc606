/**
 * The types of what Rust's serde writes, as data: one declaration of a tree, from which its values in TypeScript and both encodings of it
 * follow. Neither encoding describes itself.
 *
 * @source serde.rs "Serde data model"
 */
export type SerdeType =
  | Scalar
  | { readonly kind: 'option' | 'seq'; readonly of: SerdeType }
  | { readonly kind: 'array'; readonly of: SerdeType; readonly length: number }
  | { readonly kind: 'struct'; readonly fields: Fields }
  | { readonly kind: 'enum'; readonly variants: Variants }
  | { readonly kind: 'boxed'; readonly of: () => SerdeType }

/** `bytes` is a sequence of u8. */
export type Scalar = { readonly kind: 'bool' | IntegerKind | 'str' | 'bytes' }
export type IntegerKind = keyof typeof integerBytes

/** `usize` and `isize` are written as 64 bits. */
export const integerBytes = { u8: 1, u16: 2, u32: 4, u64: 8, i8: 1, i16: 2, i32: 4, i64: 8 } as const

export type Fields = { readonly [name: string]: SerdeType }
/** By name, in the order of their indexes; null for a variant that has no value. */
export type Variants = { readonly [name: string]: SerdeType | null }

/** The value of a type: 64 bits are bigint, an option that is none is null, a variant is its name and value. */
export type Value<T> = T extends { kind: 'u64' | 'i64' }
  ? bigint
  : T extends { kind: IntegerKind }
    ? number
    : T extends { kind: 'bool' }
      ? boolean
      : T extends { kind: 'str' }
        ? string
        : T extends { kind: 'bytes' }
          ? Uint8Array
          : T extends { kind: 'option'; of: infer U }
            ? Value<U> | null
            : T extends { kind: 'seq' | 'array'; of: infer U }
              ? readonly Value<U>[]
              : T extends { kind: 'struct'; fields: infer F }
                ? { readonly [K in keyof F]: Value<F[K]> }
                : T extends { kind: 'enum'; variants: infer V }
                  ? { [K in keyof V]: { readonly is: K; readonly value: V[K] extends null ? null : Value<V[K]> } }[keyof V]
                  : T extends { kind: 'boxed' }
                    ? unknown
                    : never

export const bool = { kind: 'bool' } as const
export const u8 = { kind: 'u8' } as const
export const i8 = { kind: 'i8' } as const
export const u16 = { kind: 'u16' } as const
export const u32 = { kind: 'u32' } as const
export const u64 = { kind: 'u64' } as const
export const str = { kind: 'str' } as const
export const bytes = { kind: 'bytes' } as const

export const option = <const T extends SerdeType>(of: T) => ({ kind: 'option', of }) as const
export const seq = <const T extends SerdeType>(of: T) => ({ kind: 'seq', of }) as const
export const array = <const T extends SerdeType>(of: T, length: number) => ({ kind: 'array', of, length }) as const
export const struct = <const F extends Fields>(fields: F) => ({ kind: 'struct', fields }) as const
export const variants = <const V extends Variants>(of: V) => ({ kind: 'enum', variants: of }) as const
/** A type that holds itself: `of` is asked for as deep as there are values. */
export const boxed = (of: () => SerdeType) => ({ kind: 'boxed', of }) as const

/** A struct of these and then others. */
export function extended<const A extends Fields, const B extends Fields>(first: { readonly fields: A }, more: B) {
  return struct<A & B>({ ...first.fields, ...more })
}
