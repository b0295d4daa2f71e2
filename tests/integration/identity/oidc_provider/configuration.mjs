// What the provider can do: all that a company's provider would, without asking a person.
import { generateKeyPairSync, randomBytes } from 'node:crypto'

import { findAccount } from './accounts.mjs'

const RSA_BITS = 2048

/** Resources whose name ends so get opaque access tokens, to be introspected; others get JWTs. */
const OPAQUE = '/opaque'

/** The scopes of access tokens for a resource: Sourcebook's verbs. */
const RESOURCE_SCOPES = 'read ask upload edit share administer audit'

function signingKeys() {
  const pairs = [
    ['RS256', generateKeyPairSync('rsa', { modulusLength: RSA_BITS })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ]
  const keys = pairs.map(([alg, { privateKey }]) => ({
    ...privateKey.export({ format: 'jwk' }),
    kid: alg,
    alg,
    use: 'sig',
  }))
  return { keys }
}

/** Grant whatever a client asks for: nobody is there to consent. */
async function consent(ctx) {
  const { client, params, provider, session } = ctx.oidc
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(params.scope)
  for (const resource of [params.resource ?? []].flat()) {
    grant.addResourceScope(resource, params.scope)
  }
  await grant.save()
  return grant
}

function resourceServer(_ctx, resource) {
  const format = resource.endsWith(OPAQUE) ? 'opaque' : 'jwt'
  return { audience: resource, scope: RESOURCE_SCOPES, accessTokenFormat: format }
}

export function configuration() {
  return {
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email'],
      groups: ['groups'],
    },
    clientBasedCORS: () => false,
    cookies: { keys: [randomBytes(32).toString('hex')] },
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: resourceServer,
        useGrantedResource: () => true,
      },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
    },
    // By itself it calls no loopback address, which is where the tests' server listens.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    findAccount,
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: signingKeys(),
    loadExistingGrant: consent,
    pkce: { required: () => true },
    renderError: (ctx, out) => {
      ctx.body = out
    },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', ...RESOURCE_SCOPES.split(' ')],
    ttl: { Session: 3600, Grant: 3600, Interaction: 600, IdToken: 3600, RefreshToken: 3600 },
  }
}

function logoutSource(ctx, form) {
  ctx.body = `<!doctype html><title>Sign out</title><h1>Sign out of the company?</h1>${form}
    <button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`
}

function postLogoutSuccessSource(ctx) {
  ctx.body = '<!doctype html><title>Signed out</title><h1>Signed out of the company</h1>'
}
