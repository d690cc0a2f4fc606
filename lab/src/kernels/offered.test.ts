import { describe, expect, it } from 'vitest'
import { candidatesFor, packagesIn } from './offered.ts'
import { byVersion, seriesOf, upstreamOf } from './version.ts'

const listing = `Package: linux-binary-7.2.13+deb14-cloud-arm64
Version: 7.2.13-1
Size: 10181552
SHA256: 00

Package: linux-image-7.2.13+deb14-cloud-arm64
Version: 7.2.13-1
Size: 1908
SHA256: 00

Package: linux-binary-7.2.9+deb13-cloud-arm64
Version: 7.2.9-1~bpo13+1
Size: 10167732
SHA256: 00

Package: linux-binary-7.3-cloud-arm64
Version: 7.3~rc7-1~exp1
Size: 10522952
SHA256: 00
`

describe('the kernels that a suite offers', () => {
  it('are the packages that hold an image, not those that only name others', () => {
    expect(packagesIn(listing).map(({ packaged }) => packaged)).toEqual(['7.2.13-1', '7.2.9-1~bpo13+1', '7.3~rc7-1~exp1'])
  })

  it('stand in for one that has left the mirror, the newest of its series first', () => {
    const versions = (version: string, packaged: string) =>
      candidatesFor({ version, packaged }, packagesIn(listing)).map((kernel) => kernel.version)
    expect(versions('7.2.9', '7.2.9-1~bpo13+1')).toEqual(['7.2.9', '7.2.13'])
    expect(versions('7.2.6', '7.2.6-1~bpo13+1')).toEqual(['7.2.13', '7.2.9'])
    expect(versions('6.16.3', '6.16.3-1~bpo13+1')).toEqual([])
  })

  it('are made from the release that their version begins with, and ordered by it', () => {
    expect(['6.12.43-1~bpo12+1', '7.3~rc7-1~exp1', '6.1.192-2'].map(upstreamOf)).toEqual(['6.12.43', '7.3-rc7', '6.1.192'])
    expect(['7.3-rc7', '6.12.117'].map(seriesOf)).toEqual(['7.3', '6.12'])
    expect(['7.3.4', '6.12.117', '7.3-rc10', '6.12.43', '7.3', '7.3-rc7'].sort(byVersion)).toEqual([
      '6.12.43',
      '6.12.117',
      '7.3-rc7',
      '7.3-rc10',
      '7.3',
      '7.3.4',
    ])
  })
})
