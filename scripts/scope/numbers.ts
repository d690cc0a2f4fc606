/** With commas between thousands. */
export const number = (value: number): string => value.toLocaleString('en')
