// Writes the tables of public holidays in this folder anew, one file a country, from the npm package date-holidays. Run it before a
// release, so that the tables reach ten years ahead of it:
//
//     npm install --no-save date-holidays@3.37.0 && node generate.js && rm -rf node_modules
//
// A file has a section for the country, and one for each of its regions: a line with its code and its name, then a line for each holiday: its
// name, a tab, and its dates. A date without a year is the same in every year of the tables. A region has the holidays of what
// stands above it (DE-BY-A those of DE-BY, and that those of DE), but for the dates in a line whose name is "-".
'use strict'
const fs = require('fs')
const path = require('path')
const Holidays = require('date-holidays')

const FROM = 2016
const THROUGH = 2037

const pad = (n) => String(n).padStart(2, '0')
const day = (t) => `${t.getUTCFullYear()}-${pad(t.getUTCMonth() + 1)}-${pad(t.getUTCDate())}`

// wholeDays are the dates that a holiday covers from midnight to 18:00 at least. So a feast from sunset to sunset is its second date, and
// the afternoon of Christmas Eve is none: it is for the desk to say whether it works then. Times of the package are strings in the
// place's own zone, whose length in days and hours its start and end tell.
function wholeDays (h) {
  const hour = 3600e3
  const [date, time, shift] = h.date.split(' ')
  let start = Date.parse(`${date}T${time}Z`)
  if (shift) start += Number(shift) / 100 * hour // "2026-03-20 00:00:00 -0600" begins at 18:00 on the 19th
  const end = start + Math.round((h.end - h.start) / hour) * hour
  const days = []
  for (let d = Date.parse(`${day(new Date(start))}T00:00Z`); d < end; d += 24 * hour) {
    // An hour of tolerance is for the changes of the clock, by which a length in hours may be off.
    if (start <= d + hour && end >= d + 17 * hour) days.push(day(new Date(d)))
  }
  return days
}

function holidaysOf (...place) {
  const source = new Holidays(...place)
  const names = new Map()
  for (let year = FROM - 1; year <= THROUGH + 1; year++) { // what begins on 31 December reaches into the next
    for (const h of source.getHolidays(year, 'en')) {
      if (h.type !== 'public') continue
      for (const d of wholeDays(h)) {
        const y = Number(d.slice(0, 4))
        if (y < FROM || y > THROUGH || names.has(d)) continue
        names.set(d, h.name.replace(/\s+/g, ' ').trim())
      }
    }
  }
  return names
}

function section (code, title, names, above) {
  const byName = new Map()
  const add = (name, d) => byName.set(name, (byName.get(name) || []).concat(d))
  for (const [d, name] of names) if (above.get(d) !== name) add(name, d)
  for (const d of above.keys()) if (!names.has(d)) add('-', d)
  const lines = []
  for (const [name, dates] of byName) {
    dates.sort()
    const years = new Map()
    for (const d of dates) years.set(d.slice(5), (years.get(d.slice(5)) || 0) + 1)
    const fixed = [...years].filter(([, n]) => n === THROUGH - FROM + 1).map(([d]) => d)
    const rest = dates.filter((d) => !fixed.includes(d.slice(5)))
    lines.push(`${name}\t${fixed.concat(rest).join(' ')}\n`)
  }
  lines.sort()
  return `${code} ${title}\n${lines.join('')}`
}

for (const old of fs.readdirSync(__dirname)) if (/^[A-Z]{2}\.txt$/.test(old)) fs.unlinkSync(path.join(__dirname, old))
const all = new Holidays()
for (const [country, title] of Object.entries(all.getCountries('en')).sort()) {
  const own = holidaysOf(country)
  let text = section(country, title, own, new Map())
  for (const [state, title] of Object.entries(all.getStates(country, 'en') || {}).sort()) {
    const its = holidaysOf(country, state)
    text += section(`${country}-${state}`, title, its, own)
    for (const [region, title] of Object.entries(all.getRegions(country, state, 'en') || {}).sort()) {
      text += section(`${country}-${state}-${region}`, title, holidaysOf(country, state, region), its)
    }
  }
  fs.writeFileSync(path.join(__dirname, `${country}.txt`), text)
}
