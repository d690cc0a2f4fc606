import { afterEach, describe, expect, it, vi } from 'vitest'
import { refuseBigEndian } from './byte-order.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('a host', () => {
  it('is refused when it keeps the upper byte first', () => {
    expect(() => refuseBigEndian(Uint8Array.of(0, 1))).toThrow(/little-endian host/)
    expect(() => refuseBigEndian(Uint8Array.of(1, 0))).not.toThrow()
  })

  it.each(['./index.ts', '../abi/index.ts'])('that is big-endian cannot load %s', async (door) => {
    vi.resetModules()
    vi.stubGlobal('Uint16Array', { of: (value: number) => Uint8Array.of(value >>> 8, value & 0xff) })
    await expect(import(door)).rejects.toThrow(/little-endian host/)
  })
})
