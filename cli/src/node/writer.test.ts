import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { thisProcess } from './writer.ts'

/** A process that does nothing until it is killed. */
const sleeper = () => spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' })

/** The name that another process of this machine would have, which began at the same time as this one. */
const named = (name: string, pid: number) => name.replace(/-\d+-/, `-${pid}-`)

describe.each(['linux', 'darwin'] as const)('a writer, by what %s tells of processes', (platform) => {
  const { name, lifeOf } = thisProcess(platform)

  it('is alive while it runs, and is named in letters that any file system takes', () => {
    expect([lifeOf(name), /^[0-9a-f]{8}-\d+-[0-9a-z]+$/.test(name)]).toEqual(['alive', true])
    expect(thisProcess(platform).name).toBe(name)
  })

  it('is dead when its process is, and when another has its id', async () => {
    const child = sleeper()
    try {
      // The child runs, but did not begin when its name says.
      expect(lifeOf(named(name, child.pid!).replace(/-\w+$/, '-1'))).toBe('dead')
      expect(lifeOf(named(name, child.pid!).replace(/-\w+$/, '-x'))).toBe('alive')
    } finally {
      child.kill('SIGKILL')
    }
    await once(child, 'exit')
    expect(lifeOf(named(name, child.pid!))).toBe('dead')
  })

  it('is unknown of another machine, and of a name that is none', () => {
    expect(lifeOf(name.replace(/^\w{8}/, '00000000'))).toBe('unknown')
    expect(lifeOf('nobody')).toBe('unknown')
  })
})
