// Numbers with their nouns, for people.

/** `1 service`, `2 services`; `2 proxies` where the plural is given. */
export function counted(number: number, noun: string, plural: string = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
