// What the page Quality says of votes on live answers.
export const liveTexts = {
  title: 'What people say',
  none: 'Votes on the answers given here, by anybody.',
  experiment: (name: string) =>
    `Votes on the answers given here, by anybody, in the experiment “${name}”.`,
  nothing:
    'No question has been answered yet. Under each answer, people can say whether it helped; their votes are counted here.',
  noVotes: 'Nobody has said yet whether an answer helped.',
  arm: 'Way of searching',
  arms: { A: 'A, as usual', B: 'B, the variant' },
  all: 'All answers',
  questions: 'Answers',
  refused: 'Refused',
  votes: 'Helpful / not',
  share: 'Helpful',
  difference: (points: string, interval: string) =>
    `B differs from A by ${points} points (${interval}):`,
  better: 'better',
  worse: 'worse',
  noise: 'within noise',
};
