import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Host } from './host.ts'

/** Files of our own beside a file of the user: one that is not complete yet, and one that says who is changing it. */
export type LeftoverKind = 'part' | 'lock'

/** A name that tells whose it is. */
export interface Leftover {
  readonly path: string
  /** The name of the file that it lies beside, as `shortened` has it. */
  readonly beside: string
  /** The name of its writer. */
  readonly writer: string
  readonly kind: LeftoverKind
}

/** `.vm.mig.vits-1f2e3d4c-4711-8a9b0c1dt123456-0123456789ab.part`: the file's name, the writer's, chance, the kind. */
const NAME = /^\.(.+)\.vits-([0-9a-f]{8}-\d+-[0-9a-z]+)-[0-9a-f]{12}\.(part|lock)$/s

/** Bytes of a file's name that leave room for the rest below the 255 that a name may have. */
const LONGEST_NAME = 160

/** Stands for the name of a file in names beside it. */
export function shortened(path: string): string {
  const name = basename(path)
  return Buffer.byteLength(name) <= LONGEST_NAME ? name : createHash('sha256').update(name).digest('hex')
}

/** A new name beside a file, which no other process and no other call has. */
export function newLeftover(path: string, kind: LeftoverKind, { writer }: Pick<Host, 'writer'>): string {
  return join(dirname(path), `.${shortened(path)}.vits-${writer.name}-${randomBytes(6).toString('hex')}.${kind}`)
}

/** All of vits in a folder. */
export async function leftoversIn(folder: string, { fs }: Pick<Host, 'fs'>): Promise<Leftover[]> {
  return (await fs.readdir(folder)).flatMap((name) => {
    const [, beside, writer, kind] = NAME.exec(name) ?? []
    if (beside === undefined || writer === undefined) return []
    return [{ path: join(folder, name), beside, writer, kind: kind as LeftoverKind }]
  })
}

/** Removes what processes left in a folder that were killed: by its name it is theirs alone, so that nobody else can want it. */
export async function sweep(folder: string, host: Host): Promise<void> {
  const found = await leftoversIn(folder, host).catch(() => [])
  for (const { path, writer } of found) {
    if (host.writer.lifeOf(writer) !== 'dead') continue
    // Somebody else may sweep here too, or may have to.
    await discard(path, host).catch(() => {})
  }
}

/** Removes a file, or a folder of files. */
export async function discard(path: string, { fs }: Pick<Host, 'fs'>): Promise<void> {
  if (!(await fs.lstat(path)).isDirectory()) return fs.unlink(path)
  const folder = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    // By the open folder and not by its name, which whoever may write beside it could meanwhile give to a link to another one.
    const inside = process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : path
    for (const name of await fs.readdir(inside)) await fs.unlink(join(inside, name))
  } finally {
    await folder.close()
  }
  return fs.rmdir(path)
}
