/** Where a package of Debian's has the image: in /boot, and since 7.2 beside the modules. */
const inBoot = './boot/vmlinuz-*'
const inModules = './usr/lib/modules/*/vmlinuz'

/** A kernel of Debian's for arm64 that the lab has asked, and where it was found. */
export interface PinnedKernel {
  /** The mainline or stable release it is made from. */
  readonly version: string
  readonly suite: string
  readonly package: string
  /** Debian's version of the package. */
  readonly packaged: string
  /** The image in it, as a pattern of tar's. */
  readonly image: string
  /** Of the package, as Debian's signed index lists it. */
  readonly sha256: string
}

/** Every kernel that can be fetched and asked, oldest series first. Each boots with the same words on the same CPU. */
export const pinnedKernels: readonly PinnedKernel[] = [
  {
    version: '5.10.218',
    suite: 'bullseye',
    package: 'linux-image-5.10.0-30-cloud-arm64',
    packaged: '5.10.218-1',
    image: inBoot,
    sha256: '3bfc22d20ebcd40f7fc3461ef54df1a0dd1094c7e6a7cf126bbf996094aa158b',
  },
  {
    version: '5.10.223',
    suite: 'bullseye',
    package: 'linux-image-5.10.0-32-cloud-arm64',
    packaged: '5.10.223-1',
    image: inBoot,
    sha256: '1b79a526115ffed1262a3bcb127e9596a6849ad4acc31aacbef93db0c9cf7352',
  },
  {
    version: '6.1.164',
    suite: 'bookworm-security',
    package: 'linux-image-6.1.0-44-cloud-arm64',
    packaged: '6.1.164-1',
    image: inBoot,
    sha256: '1172895f20126dadb17caa2747db30a83c31dc6b8f95cc926d385e9536837c29',
  },
  {
    version: '6.1.174',
    suite: 'bookworm-security',
    package: 'linux-image-6.1.0-49-cloud-arm64',
    packaged: '6.1.174-1',
    image: inBoot,
    sha256: '33d7500ccdc528a24ce8378e2fab271645c98581aa8deb1fa3f33ec0dd98a6b6',
  },
  {
    version: '6.1.176',
    suite: 'bookworm',
    package: 'linux-image-6.1.0-50-cloud-arm64',
    packaged: '6.1.176-1',
    image: inBoot,
    sha256: '9d41a53f5d687ae1a33cf546d0ed8be955f72e5f9e97b2b4e45e41dff3353b97',
  },
  {
    version: '6.1.190',
    suite: 'bookworm-security',
    package: 'linux-image-6.1.0-54-cloud-arm64',
    packaged: '6.1.190-1',
    image: inBoot,
    sha256: '378a048fa9b5bfd830e628393decb2d348dd6a89a5bbe0b3aa598c94ff2f355d',
  },
  {
    version: '6.1.192',
    suite: 'bookworm-security',
    package: 'linux-image-6.1.0-56-cloud-arm64',
    packaged: '6.1.192-2',
    image: inBoot,
    sha256: '481ab54a27246579aadeb372315c56de02f2fe0cba4e09b387946269fff2f415',
  },
  {
    version: '6.12.43',
    suite: 'bookworm-backports',
    package: 'linux-image-6.12.43+deb12-cloud-arm64',
    packaged: '6.12.43-1~bpo12+1',
    image: inBoot,
    sha256: '9a2b784a8af0992142096ceba29a3d88c92372a2866efd1ebbe3268c340e19fe',
  },
  {
    version: '6.12.90',
    suite: 'bookworm-backports',
    package: 'linux-image-6.12.90+deb12-cloud-arm64',
    packaged: '6.12.90-1~bpo12+1',
    image: inBoot,
    sha256: 'f50335a8e6e7ed3d905076ac02a756b84f7a5b1bf59092f3a3044f961e3786b3',
  },
  {
    version: '6.12.94',
    suite: 'trixie',
    package: 'linux-image-6.12.94+deb13-cloud-arm64',
    packaged: '6.12.94-1',
    image: inBoot,
    sha256: '178dfa13499c07ac8e8672afe9e508e3b028b5ed1258d1ba4b681cb98ba41799',
  },
  {
    version: '6.12.111',
    suite: 'trixie-security',
    package: 'linux-image-6.12.111+deb13-cloud-arm64',
    packaged: '6.12.111-1',
    image: inBoot,
    sha256: 'd7c5c91a5fe4bbe59b63b9455044fdb6727b0833d1d878918fc0893388b2c781',
  },
  {
    version: '6.12.113',
    suite: 'trixie-security',
    package: 'linux-image-6.12.113+deb13-cloud-arm64',
    packaged: '6.12.113-1',
    image: inBoot,
    sha256: '14d5bb66fe5e7a602b318682f0c8ebd1a5280bf85f5e5faf212393252097e1dc',
  },
  {
    version: '6.12.117',
    suite: 'trixie-security',
    package: 'linux-image-6.12.117+deb13-cloud-arm64',
    packaged: '6.12.117-1',
    image: inBoot,
    sha256: 'cc33e288505c3271539beab498aeb4f25e27b8f7c0c49ddb6c506b6d3c50c22f',
  },
  {
    version: '6.16.3',
    suite: 'trixie-backports',
    package: 'linux-image-6.16.3+deb13-cloud-arm64',
    packaged: '6.16.3-1~bpo13+1',
    image: inBoot,
    sha256: '7599b790e51319b37c7f734bedae045558ceb98f4821c1743e0afc9b7522df52',
  },
  {
    version: '6.17.13',
    suite: 'trixie-backports',
    package: 'linux-image-6.17.13+deb13-cloud-arm64',
    packaged: '6.17.13-1~bpo13+1',
    image: inBoot,
    sha256: '9ac1dff075b4e3349b6b578f4b3c5e03c093e7b5519e0071e484511eaf4c9603',
  },
  {
    version: '6.18.15',
    suite: 'trixie-backports',
    package: 'linux-image-6.18.15+deb13-cloud-arm64',
    packaged: '6.18.15-1~bpo13+1',
    image: inBoot,
    sha256: 'd8769e7a5cd50d504354c1bb13d92becb004178ed1195e575d5680e33cb84c30',
  },
  {
    version: '6.19.14',
    suite: 'trixie-backports',
    package: 'linux-binary-6.19.14+deb13-cloud-arm64',
    packaged: '6.19.14-1~bpo13+1',
    image: inBoot,
    sha256: 'b971bc512825f5c82f4b98611139348be50e3495b2403884f31129d2aec74ec4',
  },
  {
    version: '7.0.13',
    suite: 'trixie-backports',
    package: 'linux-binary-7.0.13+deb13-cloud-arm64',
    packaged: '7.0.13-1~bpo13+1',
    image: inBoot,
    sha256: '53eacd6e32d97f42a407f326d0bb42112dadfd09c434123404ef27860136cd86',
  },
  {
    version: '7.1.13',
    suite: 'trixie-backports',
    package: 'linux-binary-7.1.13+deb13-cloud-arm64',
    packaged: '7.1.13-1~bpo13+1',
    image: inBoot,
    sha256: '040813dd4f14307933172cc1a265cf63f6369112291ac82d8fd51d445066f198',
  },
  {
    version: '7.2.6',
    suite: 'trixie-backports',
    package: 'linux-binary-7.2.6+deb13-cloud-arm64',
    packaged: '7.2.6-1~bpo13+1',
    image: inModules,
    sha256: '235f5b361571658ab28b8a565bbb6fff17be033e05b82a2532f2703c8925c83e',
  },
  {
    version: '7.2.13',
    suite: 'sid',
    package: 'linux-binary-7.2.13+deb14-cloud-arm64',
    packaged: '7.2.13-1',
    image: inModules,
    sha256: '6468b94955d8b5e8a2b3b36a826851ad0aa431c7340f6401e20b065dc08e4f5d',
  },
  {
    version: '7.3-rc7',
    suite: 'experimental',
    package: 'linux-binary-7.3-cloud-arm64',
    packaged: '7.3~rc7-1~exp1',
    image: inModules,
    sha256: 'b08c7f74f900c2cfb41b88aa83f1e92c1520ffd23fa13000ebc8e0497b94fd64',
  },
  {
    version: '7.3.4',
    suite: 'trixie-backports',
    package: 'linux-binary-7.3.4+deb13-cloud-arm64',
    packaged: '7.3.4-1~bpo13+1',
    image: inModules,
    sha256: '34dc0e1a6320440cc3f6e34d12ae099041a2e10555061d50ff4e5af602121788',
  },
]
