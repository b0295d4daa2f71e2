// Sources that a collection is kept in step with.
export const sourceTexts = {
  sources: {
    title: 'Sources',
    lead: 'Folders of the server and web sites that this collection is kept in step with.',
    none: 'Nothing is connected yet.',
    kind: 'Kind',
    kinds: { folder: 'Folder', web: 'Web site' },
    addresses: { folder: 'Path on the server', web: 'Address' },
    connect: 'Connect',
    states: {
      waiting: 'Being read',
      in_step: 'In step',
      failing: 'Cannot be read',
      paused: 'Paused',
    },
    files: (n: number) => (n === 1 ? '1 file' : `${n} files`),
    refused: (n: number) => `${n} not taken in`,
    read: (when: string) => `read ${when}`,
    sync: 'Read now',
    syncOne: (name: string) => `Read ${name} now`,
    pause: 'Pause',
    resume: 'Go on',
    removeOne: (name: string) => `Disconnect ${name}`,
    removeTitle: 'Disconnect this source?',
    removeText: 'Its documents stay, and follow it no more.',
    remove: 'Disconnect',
  },
};
