// Programs and directories on the page People.
export const programTexts = {
  programs: {
    title: 'Programs',
    lead: 'Accounts of their own for batch jobs and internal applications.',
    name: 'Name',
    create: 'Add program',
    once: 'Copy the secret now. It will not be shown again.',
    clientId: 'Client id',
    secret: 'Client secret',
    credentials: {
      secret: 'with a secret',
      key: 'with a key of its own',
      provider: 'through the identity provider',
    },
    renew: 'New secret',
    renewOne: (name: string) => `New secret for ${name}`,
    renewTitle: (name: string) => `New secret for ${name}?`,
    renewText: 'The old secret and all access tokens of the program stop working at once.',
    deleteText: 'Its access tokens stop working at once.',
  },
  provisioning: {
    title: 'Provisioning',
    lead: 'Your directory (Entra, Okta and others) brings people and groups over SCIM, and removes them.',
    name: 'Name of the directory',
    issuer: 'Issuer they sign in with (optional)',
    address: 'SCIM address',
    revokeText: 'The directory can change nothing here any more. People and groups stay.',
  },
};
