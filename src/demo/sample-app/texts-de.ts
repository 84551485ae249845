import type { SeedTexts } from './texts-en.ts'

/**
 * What a German-speaking person of the sample app already has in it; `seed.ts` picks a few of each.
 */
export const german: SeedTexts = {
  todos: [
    'Zahnarzttermin ausmachen',
    'Pfand wegbringen',
    'Hausverwaltung wegen der Heizung anrufen',
    'Geschenk für Jonas besorgen',
    'Rezept in der Praxis abholen',
    'Rechnung für März schreiben',
    'Balkonblumen gießen',
    'Probeabo kündigen'
  ],
  journal: [
    'Schlecht geschlafen, aber der Spaziergang vor der Arbeit hat gutgetan.',
    'Lange mit Mama telefoniert, das sollten wir öfter machen.',
    'Zu viele Besprechungen. Von meinem Plan ist nichts übrig geblieben.',
    'Für vier gekocht, und alle sind bis Mitternacht geblieben.',
    'Zwei Kapitel gelesen und eine Stunde lang das Handy vergessen.',
    'Den ganzen Tag Regen. Endlich die Kabelkiste sortiert.'
  ],
  notes: [
    {
      title: 'Linsensuppe',
      text: 'Rote Linsen, Kreuzkümmel, Zitrone erst ganz am Schluss. Für vier Personen.'
    },
    {
      title: 'WLAN in der Hütte',
      text: 'Der Router steht hinter dem Regal; neu starten, wenn das Licht gelb ist.'
    },
    { title: 'Fragen an die Ärztin', text: 'Knieschmerzen nach dem Laufen. Ist Schwimmen besser?' },
    {
      title: 'Geschenkideen',
      text: 'Papa: Stirnlampe. Leyla: Töpferkurs. Jonas: der blaue Schal.'
    },
    { title: 'Packliste', text: 'Ladekabel, Regenjacke, Ohrstöpsel, Buch, Badesachen.' },
    { title: 'Gespräch in der Schule', text: 'Formular mitbringen, nach Hort und Schulbus fragen.' }
  ],
  habits: [
    'Zehn Minuten dehnen',
    'Kein Handy nach zehn',
    'Zwei Liter trinken',
    'Gitarre üben',
    'Zwanzig Seiten lesen',
    'Mit dem Rad zur Arbeit'
  ],
  moods: [
    'Ruhiger Morgen',
    'Müde nach der Bahnfahrt',
    'Stolz auf den Vortrag',
    'Unruhig',
    'Gute Gesellschaft',
    'Sorgen ums Geld'
  ],
  events: [
    { title: 'Teamrunde', time: '09:15', durationMinutes: 15 },
    { title: 'Physiotherapie', time: '08:00', durationMinutes: 45 },
    { title: 'Mittagessen mit Leyla', time: '12:30', durationMinutes: 60 },
    { title: 'Elternabend', time: '18:30', durationMinutes: 90 },
    { title: 'Chorprobe', time: '19:00', durationMinutes: 120 },
    { title: 'Werkstatt: TÜV', time: '10:30', durationMinutes: 30 }
  ],
  people: [
    'Leyla Demir',
    'Jonas Brandt',
    'Katrin Vogel',
    'Emre Aydin',
    'Friederike Hahn',
    'Paul Neumann',
    'Anja Köhler'
  ],
  /**
   * The first digits of numbers that the Bundesnetzagentur keeps free for fiction; three more make
   * a number.
   */
  phonePrefix: '+493023125',
  goals: [
    'Zehn Kilometer laufen',
    '2000 Euro für die Reise sparen',
    'Abendkurs abschließen',
    'Zwölf Bücher in diesem Jahr',
    'Brot backen lernen'
  ],
  articles: [
    {
      title: 'Warum Gehen beim Denken hilft',
      text:
        'Ein kurzer Gang löst einen festgefahrenen Gedanken. Zwei Studien und alte Gewohnheit stimmen überein.'
    },
    {
      title: 'Kräuter auf dem Balkon',
      text: 'Basilikum will Sonne, Minze einen eigenen Topf, und beide weniger Wasser als gedacht.'
    },
    {
      title: 'Schlaf und Bildschirme: was man weiß',
      text:
        'Das Licht zählt weniger als das, was einen weiterwischen lässt. Das Handy lädt im Flur.'
    },
    {
      title: 'Die Gehaltsabrechnung lesen',
      text: 'Brutto, Abzüge, netto: was jede Zeile heißt und welche man monatlich prüft.'
    },
    {
      title: 'Kleine Küchen, die funktionieren',
      text: 'Tägliches aufhängen, Wöchentliches verstauen, den Rest verschenken.'
    }
  ]
}
