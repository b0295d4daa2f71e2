// A certified OpenID provider for tests: `node server.mjs PORT` on loopback, everything in memory.
// It ends with its standard input, so that no test run leaves one behind.
import { once } from 'node:events'
import { createServer } from 'node:http'

import { Provider, errors } from 'oidc-provider'

import { findAccount, putAccount, removeAccount } from './accounts.mjs'
import { configuration } from './configuration.mjs'

const port = Number(process.argv[2])
const provider = new Provider(`http://127.0.0.1:${port}`, configuration())
const serveProtocol = provider.callback()

async function bodyOf(request) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

function answer(response, status, type, text) {
  response.writeHead(status, { 'content-type': type }).end(text)
}

/** `PUT /test/accounts/SUBJECT` with the claims as JSON; `DELETE` takes the account away. */
async function changeAccount(request, response, subject) {
  if (request.method === 'PUT') putAccount(subject, JSON.parse(await bodyOf(request)))
  else removeAccount(subject)
  answer(response, 200, 'application/json', '{}')
}

const SIGN_IN = `<!doctype html><title>Company sign-in</title><h1>Company sign-in</h1>
  <form method="post"><label>Account <input name="account" autofocus></label>
  <button>Sign in</button></form>`

/** Who is named is signed in, without a password: these are tests. */
async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response)
  const form = request.method === 'POST' ? new URLSearchParams(await bodyOf(request)) : undefined
  const account = form?.get('account') ?? params.login_hint
  if (!account) return answer(response, 200, 'text/html', SIGN_IN)
  const result = findAccount(undefined, account)
    ? { login: { accountId: account } }
    : { error: 'access_denied', error_description: 'Nobody has this account.' }
  return provider.interactionFinished(request, response, result)
}

async function serve(request, response) {
  const [, area, ...rest] = new URL(request.url, provider.issuer).pathname.split('/')
  if (area === 'test') return changeAccount(request, response, decodeURIComponent(rest[1]))
  if (area === 'favicon.ico') return answer(response, 200, 'image/x-icon', '') // browsers ask
  if (area === 'interaction') return interact(request, response)
  return serveProtocol(request, response)
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => {
    const status = error instanceof errors.OIDCProviderError ? error.statusCode : 500
    answer(response, status, 'text/plain', String(error.stack))
  })
})
server.listen(port, '127.0.0.1')
await once(server, 'listening')
process.stdout.write('ready\n')
process.stdin.resume().on('end', () => process.exit())
