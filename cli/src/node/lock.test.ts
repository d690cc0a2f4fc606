import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeDisk } from './disk.ts'
import { unfinished } from './unfinished.ts'
import { thisProcess } from './writer.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-lock-'))
  file = join(folder, 'vm')
  await writeFile(file, 'vm')
})
afterEach(() => rm(folder, { recursive: true }))

const { name } = thisProcess()
const dead = name.replace(/-\w+$/, '-1')
const elsewhere = name.replace(/^\w{8}/, '00000000')

/** Puts down a name that a writer leaves beside a file. */
async function leave(writer: string, kind: string, beside = 'vm'): Promise<string> {
  const path = join(folder, `.${beside}.vits-${writer}-0123456789ab.${kind}`)
  await writeFile(path, '')
  return path
}

describe('a lock', () => {
  it('keeps others from its files, under whatever name, and from no others, until it is released', async () => {
    const [link, other] = [join(folder, 'link'), join(folder, 'other')]
    await symlink('vm', link)
    await writeFile(other, '')
    const unlock = await nodeDisk.lock([file])
    for (const paths of [[file], [link], [other, file]])
      await expect(nodeDisk.lock(paths)).rejects.toThrow(/^another vits is changing it: .*\.vm\.vits-.*\.lock is its lock$/)
    await (await nodeDisk.lock([other]))()
    await unlock()
    expect(await readdir(folder)).toEqual(['link', 'other', 'vm'])
    await (await nodeDisk.lock([link, file]))()
  })

  it('of a process that is dead holds nobody up, and is swept with what else that one left', async () => {
    await leave(dead, 'lock')
    await leave(dead, 'part')
    const copy = join(folder, `.copy.vits-${dead}-0123456789ab.part`)
    await mkdir(copy)
    await writeFile(join(copy, 'state'), 'memory of a guest')
    await (await nodeDisk.lock([file]))()
    expect(await readdir(folder)).toEqual(['vm'])
  })

  it('of a process that cannot be seen from here holds, and the message says what to do', async () => {
    const lock = await leave(elsewhere, 'lock')
    await expect(nodeDisk.lock([file])).rejects.toThrow(`if it is dead, remove ${lock}`)
    expect((await readdir(folder)).length).toBe(2)
  })

  it('is removed when the program is stopped', async () => {
    const unlock = await nodeDisk.lock([file])
    expect((await readdir(folder)).length).toBe(2)
    unfinished.remove()
    expect(await readdir(folder)).toEqual(['vm'])
    await unlock()
  })

  it('cannot be had where nothing can be written', async () => {
    const nowhere = join(folder, 'nowhere', 'vm')
    await expect(nodeDisk.lock([nowhere])).rejects.toThrow(`cannot lock ${nowhere}: no such file`)
  })
})

describe('sweeping', () => {
  it('leaves alone what is of a process that lives or is not known, and what only looks like ours', async () => {
    const kept = [
      await leave(name, 'part'),
      await leave(elsewhere, 'part'),
      await leave(dead, 'partial'),
      await leave(dead.replace('-', '_'), 'part'),
    ]
    await (await nodeDisk.lock([file]))()
    expect((await readdir(folder)).map((each) => join(folder, each)).sort()).toEqual([...kept, file].sort())
  })

  it('knows what lies beside a file with a long name too', async () => {
    const long = join(folder, 'ü'.repeat(120))
    await writeFile(long, '')
    const unlock = await nodeDisk.lock([long])
    await expect(nodeDisk.lock([long])).rejects.toThrow('another vits')
    await unlock()
    await (await nodeDisk.lock([long]))()
  })
})
