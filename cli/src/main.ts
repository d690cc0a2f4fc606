process.stdout.write('vits\n')
