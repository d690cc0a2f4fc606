import { type SeedDocument, shownBy } from './seed-row.ts'

export const kernelNames: SeedDocument = {
  title: 'Kernels',
  from: 'Beside the documents, which name no kernel but their own',
  rows: {
    113: {
      claim: 'A kernel is known by the name that `uname -r` gives it.',
      by: [
        shownBy('abi/profile-of-kernel.test.ts', 'a kernel by its name $name is $release, which is $profile ($known)', '6.1.50'),
        shownBy('cli/src/options/profile-named.test.ts', 'is found: %s is %s'),
      ],
      why: '6.1.50, 6.1.119 and 6.12.0 are told from 6.1.192 and 6.12.117, which clear entries. What is not known of vendors’ kernels is said.',
    },
  },
}
