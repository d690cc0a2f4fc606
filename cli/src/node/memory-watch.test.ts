import { describe, expect, it } from 'vitest'
import { memoryWatch } from './memory-watch.ts'

const noProc = () => {
  throw new Error('ENOENT: no such file or directory, uv_resident_set_memory')
}

describe('what the process has in RAM', () => {
  it('is known where /proc is', () => {
    expect(memoryWatch()()).toBeGreaterThan(10 << 20)
  })

  it('is, without /proc, the most that it ever had, once that has grown', () => {
    let most = 100
    const watch = memoryWatch(noProc, () => most)
    expect(watch()).toBe(0)
    most = 300
    expect(watch()).toBe(300)
  })

  it('is not, without /proc, what was there before the watch began: that may be another file’s', () => {
    const watch = memoryWatch(noProc, () => 300)
    expect(watch()).toBe(0)
  })
})
