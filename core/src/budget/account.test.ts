import { describe, expect, it } from 'vitest'
import { Account, type Budget, defaultBudget, shareOf, shares } from './index.ts'

const budget: Budget = { work: 1024, bytes: 640, findings: 7 }

describe('the shares of a budget', () => {
  it.each(['work', 'bytes'] as const)('are together no more than all of its %s', (limit) => {
    const parts = Object.values(shares).flatMap(({ of, part }) => (of === limit ? part : []))
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(1)
    for (const part of parts) expect(part).toBeGreaterThan(0)
  })

  it('are whole numbers, and divided where several have one', () => {
    expect([shareOf(budget, 'sweep'), shareOf(budget, 'trials'), shareOf(budget, 'trials', 3)]).toEqual([4, 64, 21])
    expect(shareOf(budget, 'tables')).toBe(20)
    expect(shareOf(defaultBudget, 'search')).toBe(2 ** 32)
  })

  it('are as the one who sets the budget says', () => {
    const other: Budget = { ...budget, parts: { trials: 1, search: 0 } }
    expect([shareOf(other, 'trials'), shareOf(other, 'search'), shareOf(other, 'sweep')]).toEqual([1024, 0, 4])
  })
})

describe('an account', () => {
  it('is drawn from until less is left than is asked for, and remembers that', () => {
    const account = new Account(budget, 'trials')
    expect([account.limit, account.take(60), account.take(4), account.ranOut]).toEqual(['work', true, true, false])
    expect([account.take(0), account.take(1), account.ranOut]).toEqual([true, false, true])
  })

  it('draws nothing when it refuses', () => {
    const account = new Account(budget, 'trials')
    expect([account.take(65), account.take(64), account.left]).toEqual([false, true, 0])
  })

  it('pays for what was dearer than thought, and then has nothing for anything', () => {
    const account = new Account(budget, 'tables', 2)
    account.pay(11)
    expect([account.limit, account.ranOut, account.take(0), account.ranOut]).toEqual(['bytes', false, false, true])
  })

  it('can be ended', () => {
    const account = new Account(budget, 'search')
    account.exhaust()
    expect([account.ranOut, account.take(0)]).toEqual([true, false])
  })
})
