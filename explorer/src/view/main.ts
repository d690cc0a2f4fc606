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

async function show(given: readonly Given[], hasFiles: boolean): Promise<void> {
  waiting(given.map(({ name }) => name).join(' and '))
  const core = await freshWorker()
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
        'Drop a saved arm64 VM here: a QEMU stream, a libvirt save, a qcow2 image, a snapshot with its files, a dump, a case. It is read in this page and goes nowhere.',
      ),
      h('label', { class: 'pick' }, 'Choose files', pick),
      h('p', { role: 'alert', class: 'trouble' }, trouble),
    ),
  )
  document.documentElement.dataset['ready'] = 'drop'
}

/** The files of one saved VM; two streams or two cases are two saves to compare only in a report. */
function take(files: FileList | null | undefined): void {
  const all = [...(files ?? [])]
  if (all.length === 0) return
  const given = { name: all.map(({ name }) => name).join(', '), files: all.map((file) => ({ name: file.name, blob: file })) }
  document.documentElement.dataset['ready'] = 'opening'
  history.replaceState(undefined, '', location.pathname)
  show([given], true).catch((error: Error) => invite(`${given.name}: ${error.message}`))
}

addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', (event) => {
  event.preventDefault()
  take(event.dataTransfer?.files)
})

const cases = carried()
if (cases.length === 0) invite()
else show(cases, false).catch((error: Error) => invite(error.message))
