import { type Child, h, many } from './dom.ts'
import type { Doings } from './header.ts'
import type { State } from './state.ts'

/** The guest's history as a track: what it had mapped after so many commands, beside what RAM holds now. */
export class Scrubber {
  readonly element = h('section', { class: 'time', 'aria-label': 'the guest’s history' })
  readonly #state: State
  readonly #doings: Doings
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(state: State, doings: Doings) {
    this.#state = state
    this.#doings = doings
  }

  update(): void {
    const { shown } = this.#state
    const commands = shown?.timeline.commands ?? 0
    this.element.hidden = commands === 0
    if (shown === undefined || commands === 0) return
    if (this.element.childElementCount === 0) this.#build()
    const { guest } = this.#state
    const at = this.#state.place.moment ?? commands
    const range = this.#part<HTMLInputElement>('range')
    range.max = String(commands)
    range.value = String(at)
    range.setAttribute('aria-valuetext', `after ${at} of ${commands} commands`)
    this.#part('says').replaceChildren(...saying(at, commands, guest?.says ?? '', guest?.at ?? ''))
    this.#part('now').toggleAttribute('hidden', this.#state.place.moment === undefined)
    const jump = this.#part<HTMLSelectElement>('jump')
    const { moments } = shown.timeline
    jump.hidden = moments.length === 0
    const choices = moments.map(({ after, says }) => h('option', { value: after, selected: at === after }, `#${after} ${says}`))
    jump.replaceChildren(h('option', { value: '' }, 'jump to what matters'), ...choices)
  }

  #build(): void {
    const step = (by: number) => () => this.#to((this.#state.place.moment ?? this.#commands) + by)
    this.element.append(
      h('h2', {}, 'History'),
      h('button', { type: 'button', class: 'tool', 'data-part': 'play', 'aria-label': 'play', onclick: () => this.#play() }, '▶'),
      h('button', { type: 'button', class: 'tool', 'aria-label': 'one command back', onclick: step(-1) }, '‹'),
      h('input', {
        type: 'range',
        min: 0,
        step: 1,
        'data-part': 'range',
        'aria-label': 'commands executed',
        oninput: (event: Event) => this.#to(Number((event.target as HTMLInputElement).value)),
      }),
      h('button', { type: 'button', class: 'tool', 'aria-label': 'one command on', onclick: step(1) }, '›'),
      h('p', { 'data-part': 'says' }),
      h(
        'button',
        { type: 'button', class: 'tool', 'data-part': 'now', hidden: true, onclick: () => this.#to(this.#commands) },
        'back to now',
      ),
      h('select', {
        'data-part': 'jump',
        'aria-label': 'jump to the command that matters',
        onchange: (event: Event) => this.#jump((event.target as HTMLSelectElement).value),
      }),
    )
  }

  #part<T extends HTMLElement>(name: string): T {
    return this.element.querySelector<T>(`[data-part=${name}]`)!
  }

  get #commands(): number {
    return this.#state.shown?.timeline.commands ?? 0
  }

  #to(after: number): void {
    this.#stop()
    this.#go(after)
  }

  #go(after: number): void {
    const moment = Math.max(0, Math.min(this.#commands, after))
    this.#doings.go({ moment: moment === this.#commands ? undefined : moment })
  }

  #jump(value: string): void {
    if (value === '') return
    const moment = this.#state.shown?.timeline.moments.find(({ after }) => after === Number(value))
    this.#to(Number(value))
    this.#doings.select(moment?.deviceId, undefined, true)
  }

  /** The whole history in about ten seconds. */
  #play(): void {
    if (this.#timer !== undefined) {
      this.#stop()
      return
    }
    const stride = Math.max(1, Math.ceil(this.#commands / 100))
    let at = this.#state.place.moment ?? 0
    this.#part('play').textContent = '❚❚'
    this.#part('play').setAttribute('aria-label', 'pause')
    this.#timer = setInterval(() => {
      at += stride
      this.#go(at)
      if (at >= this.#commands) this.#stop()
    }, 100)
  }

  #stop(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#part('play').textContent = '▶'
    this.#part('play').setAttribute('aria-label', 'play')
  }
}

function saying(at: number, commands: number, says: string, where: string): (Node | string)[] {
  if (at >= commands) return [`all ${many(commands)} commands`]
  if (at === 0) return ['before the first command']
  const words: Child[] = [`after ${many(at)} of ${many(commands)}: `]
  return [...(words as string[]), h('code', {}, says), h('small', {}, where === '' ? '' : ` at ${where}`)]
}
