import { isProfileId } from '@vits/core/abi'
import type { Given } from '../worker/messages.ts'
import { type CoreWorker, startWorker } from './ask.ts'
import { byId, bytesIn, h } from './dom.ts'
import { Page } from './page.ts'
import { placeIn } from './state.ts'

/** A case that the page carries, as `vits explore` put it there. */
function carried(): Given[] {
  return [...document.querySelectorAll<HTMLScriptElement>('script[data-case]')].map(({ textContent, dataset }) => {
    const name = dataset['case'] ?? ''
    return { name, files: [{ name, blob: new Blob([bytesIn(textContent ?? '')]) }] }
  })
}

function progress(says: string): void {
  const status = document.querySelector('.progress')
  if (status !== null) status.textContent = says
}

/** Shows what is going on until the first rows are there. */
function waiting(name: string): void {
  byId('app').replaceChildren(
    h('main', { class: 'drop' }, h('h1', {}, 'Looking …'), h('p', {}, name), h('p', { class: 'progress', role: 'status' })),
  )
}

async function show(core: CoreWorker, given: readonly Given[], hasFiles: boolean): Promise<void> {
  waiting(given.map(({ name }) => name).join(' and '))
  const about = document.querySelector<HTMLScriptElement>('script[data-case]')?.dataset ?? {}
  const wanted = placeIn(location.hash, isProfileId)
  const named = about['kernel'] ?? ''
  if (wanted.kernel === undefined && isProfileId(named)) wanted.kernel = named
  const page = await Page.open(core, given, wanted, { isScrubbed: about['scrubbed'] !== undefined && !hasFiles, hasFiles })
  page.listen()
}

const freshWorker = (): Promise<CoreWorker> => startWorker(byId('worker').textContent ?? '', progress)

/** Asks for a file; `trouble`: why the last one cannot be shown. */
function invite(trouble = ''): void {
  const pick = h('input', {
    type: 'file',
    multiple: true,
    onchange: (event: Event) => take((event.target as HTMLInputElement).files),
  })
  byId('app').replaceChildren(
    h(
      'main',
      { class: 'drop' },
      h('h1', {}, 'Will this VM come back?'),
      h(
        'p',
        {},
        'Drop a saved arm64 VM here: a QEMU stream, a libvirt save, a qcow2 image, a snapshot with its files, a dump, a case; or two saves of one, to see what changed. It is read in this page and goes nowhere.',
      ),
      h('label', { class: 'pick' }, 'Choose files', pick),
      h('p', { role: 'alert', class: 'trouble' }, trouble),
    ),
  )
  document.documentElement.dataset['ready'] = 'drop'
}

/** The files of one saved VM, or of two saves of one: what changed from the older to the newer. */
function take(files: FileList | null | undefined): void {
  const all = [...(files ?? [])].sort((a, b) => a.lastModified - b.lastModified)
  if (all.length === 0) return
  document.documentElement.dataset['ready'] = 'opening'
  history.replaceState(undefined, '', location.pathname)
  showFiles(all).catch((error: Error) => invite(`${all.map(({ name }) => name).join(', ')}: ${error.message}`))
}

async function showFiles(files: readonly File[]): Promise<void> {
  const core = await freshWorker()
  const given = await core.ask('machines', { files: files.map((file) => ({ name: file.name, blob: file })) })
  if (given.length > 2) throw new Error(`these are ${given.length} saved VMs, and the page shows one, or two saves of one`)
  await show(core, given, true)
}

addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', (event) => {
  event.preventDefault()
  take(event.dataTransfer?.files)
})

const cases = carried()
if (cases.length === 0) invite()
else
  freshWorker()
    .then((core) => show(core, cases, false))
    .catch((error: Error) => invite(error.message))
