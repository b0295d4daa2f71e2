// What narrows searches and questions to certain documents.
const count = (n: number, one: string, many: string) =>
  `${new Intl.NumberFormat('en').format(n)} ${n === 1 ? one : many}`;

export const filterTexts = {
  title: 'Filter',
  group: 'Narrow to certain documents',
  on: (n: number) => count(n, 'filter', 'filters'),
  labels: { types: 'Type', years: 'Year', tags: 'Tag', authors: 'Author', languages: 'Language' },
  others: { tags: 'Another tag', authors: 'Another author' },
  types: {
    pdf: 'PDF',
    text: 'Text',
    slides: 'Slides',
    table: 'Table',
    mail: 'Mail',
    web: 'Web page',
    book: 'Book',
    picture: 'Picture',
  },
  date: 'Date',
  from: 'From',
  to: 'To',
  clear: 'Clear filters',
};
