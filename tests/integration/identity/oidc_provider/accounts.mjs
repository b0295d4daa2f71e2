// The people whom the provider knows; tests put them in and take them away over HTTP.
const accounts = new Map()

/** `person` is {name, preferred_username, email, groups}: any of them may be missing. */
export function putAccount(subject, person) {
  accounts.set(subject, person)
}

export function removeAccount(subject) {
  accounts.delete(subject)
}

/** An account that is gone is refused everywhere, also when a token is refreshed. */
export function findAccount(_ctx, subject) {
  const person = accounts.get(subject)
  return person && { accountId: subject, claims: () => ({ sub: subject, ...person }) }
}
