import { shown } from '../memory/index.ts'

/**
 * One register of a memory-mapped frame. Absent `write`: writes are ignored. `restore` and `save` are the userspace paths where they
 * differ from the guest's. Values are whole registers; halves are the frame's matter.
 */
export interface Register<D> {
  readonly at: number
  readonly size: 4 | 8
  readonly doc: string
  readonly read: (device: D) => bigint
  readonly write?: (device: D, value: bigint) => void
  /** @throws KvmError where KVM refuses what a guest would only be ignored for. */
  readonly restore?: (device: D, value: bigint) => void
  readonly save?: (device: D) => bigint
  /** What a 32-bit write is merged into, where that is not what reads show. */
  readonly stored?: (device: D) => bigint
  /** A 32-bit write of the upper half is dropped: that half alone means nothing. */
  readonly lowerHalfOnly?: true
}

/** A frame of registers: finds them by offset, and splits 64-bit ones into the halves that 32-bit accesses see. */
export class Frame<D> {
  readonly registers: Readonly<Record<string, Register<D>>>
  /** Every 32-bit word that belongs to a register. */
  readonly #words = new Map<number, Register<D>>()

  constructor(registers: Readonly<Record<string, Register<D>>>) {
    this.registers = registers
    for (const register of Object.values(registers)) {
      for (let at = register.at; at < register.at + register.size; at += 4) this.#words.set(at, register)
    }
  }

  /** The register that the 32-bit word at `offset` belongs to. */
  find(offset: number): Register<D> | undefined {
    return this.#words.get(offset - (offset % 4))
  }

  /** A guest's read of 4 or 8 bytes. What is not aligned, no register or not as wide as the access reads as 0. */
  read(device: D, offset: number, bytes: 4 | 8): bigint {
    const register = this.#accessed(offset, bytes)
    return register === undefined ? 0n : part(register.read(device), offset - register.at, bytes)
  }

  /** A userspace's read; as `read` otherwise. */
  save(device: D, offset: number, bytes: 4 | 8): bigint {
    const register = this.#accessed(offset, bytes)
    return register === undefined ? 0n : part((register.save ?? register.read)(device), offset - register.at, bytes)
  }

  /**
   * A guest's write of 4 or 8 bytes; ignored where a read would be 0. Bits beyond the access are dropped. @throws RangeError for a value
   * that is no bigint.
   */
  write(device: D, offset: number, bytes: 4 | 8, value: bigint): void {
    if (typeof value !== 'bigint') throw new RangeError(`the value of a register ${shown(value)} is no bigint`)
    const register = this.#accessed(offset, bytes)
    if (register?.lowerHalfOnly && offset !== register.at) return
    register?.write?.(device, this.#merged(register, device, offset, bytes, value))
  }

  /** A userspace's write; as `write` otherwise. @throws KvmError where KVM refuses the value. */
  restore(device: D, offset: number, bytes: 4 | 8, value: bigint): void {
    const register = this.#accessed(offset, bytes)
    if (register?.restore === undefined) this.write(device, offset, bytes, value)
    else register.restore(device, this.#merged(register, device, offset, bytes, value))
  }

  #accessed(offset: number, bytes: 4 | 8): Register<D> | undefined {
    const register = offset % bytes === 0 ? this.find(offset) : undefined
    return register === undefined || bytes > register.size ? undefined : register
  }

  #merged(register: Register<D>, device: D, offset: number, bytes: 4 | 8, value: bigint): bigint {
    if (bytes === register.size) return BigInt.asUintN(bytes * 8, value)
    const shift = BigInt((offset - register.at) * 8)
    const stored = (register.stored ?? register.read)(device)
    return (stored & ~(0xffffffffn << shift)) | (BigInt.asUintN(32, value) << shift)
  }
}

const part = (value: bigint, offset: number, bytes: 4 | 8): bigint => BigInt.asUintN(bytes * 8, value >> BigInt(offset * 8))
