/**
 * What an English-speaking person of the sample app already has in it; `seed.ts` picks a few of
 * each.
 */
export const english = {
  todos: [
    'Book the dentist',
    'Return the library books',
    'Call the landlord about the heating',
    'Buy a present for Sam',
    'Renew the bus pass',
    'Send the invoice for March',
    'Water the balcony plants',
    'Cancel the gym trial'
  ],
  journal: [
    'Slept badly, but the walk before work cleared my head.',
    'A good talk with Mum, we should do that more often.',
    'Too many meetings. Nothing of what I had planned got done.',
    'Cooked for four and everyone stayed until midnight.',
    'Read two chapters and forgot the phone for an hour.',
    'Rain all day. I finally sorted the drawer of cables.'
  ],
  notes: [
    { title: 'Lentil soup', text: 'Red lentils, cumin, lemon at the very end. Serves four.' },
    {
      title: 'Wi-Fi at the cabin',
      text: 'The router is behind the bookshelf; restart it when the light is amber.'
    },
    { title: 'Questions for the doctor', text: 'Knee pain after running. Is swimming better?' },
    { title: 'Gift ideas', text: 'Dad: headlamp. Noor: pottery class. Ben: the blue scarf.' },
    { title: 'Packing list', text: 'Charger, rain jacket, ear plugs, book, adapter.' },
    {
      title: 'Meeting with the school',
      text: 'Bring the form, ask about the bus and the afternoon club.'
    }
  ],
  habits: [
    'Ten minutes of stretching',
    'No phone after ten',
    'Drink two litres',
    'Practise the guitar',
    'Read twenty pages',
    'Walk to work'
  ],
  moods: [
    'Calm morning',
    'Tired after the commute',
    'Proud of the presentation',
    'Restless',
    'Good company',
    'Worried about money'
  ],
  events: [
    { title: 'Team stand-up', time: '09:15', durationMinutes: 15 },
    { title: 'Physiotherapy', time: '08:00', durationMinutes: 45 },
    { title: 'Lunch with Priya', time: '12:30', durationMinutes: 60 },
    { title: 'Parents’ evening', time: '18:30', durationMinutes: 90 },
    { title: 'Choir practice', time: '19:00', durationMinutes: 120 },
    { title: 'Car inspection', time: '10:30', durationMinutes: 30 }
  ],
  people: [
    'Priya Nair',
    'Tom Ellison',
    'Grace Okafor',
    'Ben Whitaker',
    'Noor Haddad',
    'Maggie Doyle',
    'Sam Pritchard'
  ],
  /** The first digits of numbers that Ofcom keeps free for fiction; three more make a number. */
  phonePrefix: '+447700900',
  goals: [
    'Run ten kilometres',
    'Save 2,000 for the trip',
    'Finish the evening course',
    'Read twelve books this year',
    'Learn to bake bread'
  ],
  articles: [
    {
      title: 'Why walking helps you think',
      text: 'A short walk loosens a stuck thought. Two studies and a long habit agree.'
    },
    {
      title: 'A beginner’s guide to balcony herbs',
      text: 'Basil wants sun, mint wants its own pot, and both want less water than you think.'
    },
    {
      title: 'Sleep and screens: what is known',
      text: 'Light matters less than what keeps you scrolling. Charge the phone in the hall.'
    },
    {
      title: 'How to read a payslip',
      text: 'Gross, deductions, net: what each line means and which ones to check every month.'
    },
    {
      title: 'Small kitchens that work',
      text: 'Hang what you use daily, store what you use weekly, give away the rest.'
    }
  ]
}

export type SeedTexts = typeof english
