"""English: the words of headlines.

The rule to remember: see `service/domain/lexicon.py`. Of a verb the forms that its endings do not give away stand here.
"""

from service.domain.lexicon import lexicon
from service.domain.stems import english
from service.domain.vocabulary_en import OUTLETS

MEANINGS = """
hit: hit, rock, shake, shook, shaken, jolt, rattle, lash, batter, pound, slam, sweep, swept, affect, rip through, tear
    through, tore through, make landfall in, made landfall in, makes landfall in, struck
happen: occur, happen, take place, took place, takes place, break out, breaks out, broke out, breaking out, erupt,
    eruption, ignite, there is, there was, witness, experience, register, record at, engulf, burn, unfold, flare up,
    flares up, go off, goes off
say: say, said, tell, told, announce, announcement, declare, state, confirm, confirmation, reveal, disclose, report,
    reportedly, according to, it emerged, say that, claims that, insist, add, note, reiterate
officials: official, authority, spokesperson, spokesman, spokeswoman, source, media, state media, agency, statement,
    seismologist, geological survey, weather service, weather office, sources close to, insiders, a source, experts,
    expert, forecaster, meteorologist, meteorological office, met office, operator says
alert-label: breaking, breaking news, just in, live, latest, urgent, update, news, newsflash, flash, developing,
    exclusive
big: big, huge, large, massive, major, heavy, strong, powerful, severe, serious, deadly, fatal, fierce, violent,
    intense, significant, sharp, sharply, heavily, strongly, badly, vast, giant, enormous, dramatic, torrential,
    dense, thick, extreme, devastating, destructive, thousands-strong, mass, sweeping, rare, wide, widespread, long,
    deep, high-speed, unusual, brand
small: small, minor, slight, slightly, light, moderate, mild, brief, briefly
people: people, person, resident, citizen, inhabitant, local, others, individual, soul, passers-by, bystander,
    villager, civilian
near: near, nearby, off, outside, close to, in the vicinity of, next to, along, not far from
place-noun: area, region, district, province, state, city, town, village, county, country, zone, coast, off the coast
    of, off the coast, coastal, site, territory, border, capital, downtown, central, centre, center, heart, suburb,
    neighbourhood, neighborhood, national, international, public, local, nationwide, location, place, scene, shore
magnitude: magnitude, richter, scale, measuring, measure, degree, celsius, centigrade, strength, percent, per cent,
    pct, percentage, point, percentage point, worth, rating, magnitude of
least: at least, more than, over, nearly, almost, about, around, some, up to, roughly, approximately, close on, as
    many as, upwards of, estimated, total of, a total of, exceed, just over, just under
now: now, currently, immediately, suddenly, early, late, recent, recently, already, just, finally, eventually, still,
    also, officially, successfully, success, successful, safely, smoothly, soon, again today, this morning local time,
    for now, temporarily, provisionally, partially, partly, fully, completely, entirely, briefly
cause: due to, because of, because, amid, as a result of, owing to, over, cause, caused by, trigger, triggered by,
    lead to, leads to, led to, result in, force, forced, prompt, bring, brings, brought, make, makes, made, get, gets,
    got, come, comes, came, give, gives, gave, take, takes, took, taken, put, set, keep, set off, blamed for, blame,
    force to, thanks to, owing
use: use, using, carry, carrying, onboard, on board, aboard
new: new, newly, fresh, brand-new
first-mark: first, maiden, inaugural, first-ever
historic: historic, unprecedented, ever, all-time, landmark, history, in history, long-awaited, much-anticipated,
    dramatic

quake: earthquake, quake, tremor, temblor, seism, seismic, earth tremor
aftershock: aftershock
tsunami: tsunami
storm: storm, hurricane, typhoon, cyclone, tempest, tropical storm, rainstorm system, thunderstorm, superstorm
tornado: tornado, twister
flood: flood, floods, flooding, floodwater, floodwaters, inundate, submerge, deluge, under water, underwater, flash
    flood, flash floods, flash flooding, overflow, burst its banks, bursts its banks, overtop, swamp, swamps, bursts
    banks, burst banks, bursts bank
rain: rain, rains, rainfall, downpour, rainstorm
snow: snow, snowfall, snowstorm, blizzard
ice: ice, icy, frost, freezing
fog: fog, mist, foggy, poor visibility
wind: wind, gale, gust, gales, strong wind
heat: heat, heatwave, heat wave, scorching, sweltering
cold: cold, cold snap, cold wave
landslide: landslide, mudslide, landslip, rockslide, rockfall
avalanche: avalanche
fire: fire, blaze, inferno, flames, catch fire, catches fire, caught fire, on fire, go up in flames, goes up in
    flames, burns down, burnt, arson
wildfire: wildfire, bushfire, forest fire, wild fire, forest fires, bush fire
explosion: explosion, blast, explode, blew up, blow up, blows up, detonation, detonate, bomb blast
volcano: volcano, volcanic
outage: power cut, power outage, blackout, outage, power failure, without power, without electricity, lose power, lost
    power, electricity cut, power cuts, power outages, powerless, lose electricity, cut power to, in the dark, knock
    out power, knocks out power, electricity outage, power lost, power loss
collapse: collapse, cave in, caves in, caved in, give way, gives way, gave way, crumble, fall apart, falls apart, fell
    apart, break down, breaks down, broke down, break up, breaks up, crash down, fold, come down, comes down, tumble
    down
damage: damage, destroy, wreck, devastate, ruin

kill: kill, dead, die, dies, died, dying, death, fatality, perish, claim lives, claims lives, claimed lives, lose
    their lives, lost their lives, lives lost, claims life of, claims the life of, claims the lives of, killed dead,
    lifeless, deceased, drown, drowned, fatally
injure: injure, injury, hurt, wound, wounded, casualty, casualties, hospitalised
missing: missing, unaccounted for, disappear, vanish
toll: toll, death toll
rescue: rescue, save, saved, pull alive, pulled alive, pulled from, freed from, winched, airlift, airlifted, bring to
    safety, brought to safety, pluck, plucked, led to safety
evacuate: evacuate, evacuation, flee, fled, evacuee, displaced, clear out, cleared, told to leave, move out, moved to
    safety, ordered out
trapped: trap, trapped, stranded, stuck, strand
survivor: survivor, survive, alive
hospital: hospitalise, hospitalised, hospitalized, hospital, taken to hospital
victim: victim

train: train, rail, railway, railroad, express, commuter train
bus: bus, coach, buses, minibus
truck: truck, lorry, lorries, tanker truck, hgv
car: car, automobile
plane: plane, aircraft, jet, airliner, aeroplane, airplane, passenger jet, light aircraft
ferry: ferry, ferries
ship: ship, vessel, freighter, cargo ship, container ship, tanker, boat carrying, liner, cruise ship, trawler
boat: boat, dinghy
crash: crash, collision, collide, accident, pile-up, pileup, smash, plough into, ploughs into, wreckage, go down, goes
    down, went down, crashes, collides, pile up, hit by
derail: derail, derailment, come off the rails, comes off the rails, leave the rails, leaves the rails, come off
    rails, comes off rails, off the rails, jump the tracks, jumps the tracks, came off the tracks, leaves the track,
    leaves tracks
sink: sink, sank, sunk, capsize, founder
overturn: overturn, flip over, flips over, rolls over, roll over
aground: run aground, runs aground, ran aground, aground, grounding
land: land, landing, touch down, touches down, touched down, touchdown, splash down, splashes down, splashdown, set
    down, sets down, on the ground
emergency-landing: emergency landing
launch: launch, lift off, lifts off, lifted off, liftoff, lift-off, blast off, blasts off, blasted off, blastoff, into
    orbit, sent into orbit, send into orbit, sends into orbit, sent to space
takeoff: take off, takes off, took off, takeoff, take-off
depart: depart, leave for, leaves for, set off for, sets off for, departure, set sail, sets sail
arrive: arrive, arrival, reaches
dock: dock, docking, berth
orbit: orbit
airport: airport, airfield
station: station
port: port, harbour, harbor
road: road, highway, motorway, freeway, route
metro: metro, subway, underground
bridge: bridge
flight: flight
airline: airline, carrier
passenger: passenger, traveller, commuter
driver: driver
crew: crew
astronaut: astronaut, cosmonaut
spacecraft: spacecraft, space probe, capsule, lander, spaceship, probe
satellite: satellite
rocket: rocket
moon: moon, lunar, lunar surface
mars: mars, martian, red planet
sun: sun, solar
space-station: space station, international space station, iss
space-agency: space agency
telescope: telescope, observatory

close: close, closes, closed, closing, closure, shut, shuts, shutting, shut down, shuts down, shutdown, shuttered,
    close off, seal off, sealed off, cordon off, barricade
open: open, opens, opened, opening, inaugurate, inauguration, inaugurates
resume: resume, resumption, reopen, restart, re-open, back in service, running again, back to normal, restore,
    restored, back in operation, open again, opens again, resumes, back on track, running normally, back up, back on,
    switch back on, has power again, have electricity again
suspend: suspend, suspension, halt, stop, stoppage, pause, cease, ground, grounded, stopped, standstill, to a
    standstill, at a standstill, freeze, paralyse, paralyze, frozen, froze, put on hold, on hold for, interrupt,
    interrupted, shelve, shelved
delay: delay, postpone, put back, push back, pushed back, pushes back, put off, puts off, defer, reschedule,
    postponement, held up, hold up, late, overdue, behind schedule, moved back, put on ice
cancel: cancel, cancellation, call off, calls off, called off, scrap, scrub, abandon, axe, axed, avert, averted, fend
    off, drop plan, ditch, drops plan, dropped plan, nix
divert: divert, diversion, reroute
block: block, blockage, obstruct, cut off
begin: begin, began, begun, start, kick off, kicks off, kicked off, kick-off, get under way, gets under way, under
    way, underway, commence, launch campaign, set in motion, embark, embark on
end: end, finish, conclude, conclusion, come to an end, comes to an end, wrap up, wraps up, over and done, complete,
    completion, draw to a close, draws to a close, ends, ceases, emerge from, emerges from
continue: continue, go on, goes on, persist, keep burning
extend: extend, prolong, extension, lengthen
spread: spreads, widen, grow out of, advance towards, spread
contain: contain, under control, extinguish, put out, puts out, douse, bring under control, brought under control
weaken: weaken, downgrade, lose strength, loses strength, ease, subside, recede, abate, downgraded to
strengthen: strengthen, intensify, upgrade, gather strength, gathers strength
approach: approach, bear down on, bears down on, head for, heads for, head towards, heads towards, heading for, close
    in on, move towards, moves towards, nears, nearing, near landfall, closing in
expect: expect, forecast, predict, likely, set to, due on, poised to, about to, anticipate, prepare, brace, braces,
    brace for, get ready, on course to, on track to, scheduled
may: may, might, could, possible, possibly, consider, considering, mull, weigh, eyes, potential, would
plan: plan, intend, propose, proposal, want, wants, vow, pledge, promise, aim to, seek, seeks, bid, hopes to, hope
urge: urge, call for, calls for, called for, demand, appeal, appeals, ask, press, calls on, call on
threaten: threaten, threat
fear: fear, fears, feared, concern, worry
try: try, tries, attempt, effort
warn: warn, warning, advisory
alert: alert, alarm
lift: lift, lifted, scrapped ban
deny: deny, denies, denied, dismiss, rule out, rules out, ruled out, denial, refute
refuse: refuse, decline to, declines to, declined to
fail: fail, failure, miss, misses, missed, without success, unsuccessful
apologise: apologise, apologize, apology
condemn: condemn, criticise, criticize, denounce, slam decision, criticism
welcome: welcome, hail, praise, thank
mourn: mourn, mourning, tribute, commemorate, pay tribute, pays tribute, pay tributes, honour, honor, funeral,
    remember
respond: respond, react, reaction, response
visit: visit, travel to, travels to, trip to, tour of
search: search, hunt for, hunt, look for, looking for, search for
find: find, found, discover, locate, discovery, recover, recovered, identify, identified, detect, unearth, turn up,
    turned up, trace, come across, spotted alive
investigate: investigate, investigation, inquiry, enquiry, investigator, look into, looks into
repair: repair, fix, clean-up, cleanup, clean up, rebuild, reconstruction
return: return, come back, comes back, back home, go home, goes home, comeback, back on earth
another: another, second-in, once again, yet another, anew
again: again
compensate: compensate, compensation, refund
aid: aid, relief, donation, donate, assistance, help

resign: resign, resignation, quit, step down, steps down, stepped down, stepping down, stand down, stands down, stood
    down, leave office, leaves office, leave post, leaves post, bow out as, relinquish, hand in resignation, hands in
    resignation, submits resignation, tender resignation, tenders resignation, quits as, steps aside, step aside,
    calls it quits
appoint: appoint, name, named, names, nominate, pick, appointment, tapped, select, chosen, choose, chose, install,
    promoted, new head, take charge, takes charge, hire, hires, hired, recruit
sack: sack, dismissed, dismissal, fired, sacked, remove from office, ousted, oust, part company with, part ways with,
    axed as, sacked as, relieve of duties, relieved of duties
elect: elect, elected, re-election, wins re-election, win re-election, secures re-election, wins reelection,
    reelection, re-elect, reelected, re-elected
election: election, poll, polls, ballot, elections, vote held
president: president, presidential, head of state
pm: prime minister, premier, pm
minister: minister
finance-minister: finance minister, treasury minister, chancellor of the exchequer
mayor: mayor
parliament: parliament, congress, lawmaker, mp, mps, legislature, legislator, deputies, assembly, national assembly,
    house of representatives, lower house, house
senate: senate
government: government, cabinet
council: council, councillor
court: court, judge, tribunal
law: law, bill, legislation
pass: pass, passes, passed, approve, approval, adopt, endorse, ratify, green light, greenlight, backs, backed, gives
    the go-ahead, give go-ahead, okay, ok, go-ahead, adoption, clear, votes through, gives assent, clears, agrees to
    pass, sign off, signs off
reject: reject, vote down, votes down, voted down, turn down, turns down, turned down, throw out, throws out, thrown
    out, veto, rejection, rejects, vote against, oppose
sign: sign, signs, signed, signing, seal, ink
deal: deal, agreement, accord, pact, treaty, agree, agreed, agrees, settlement, understanding, compromise, truce deal
talks: talks, negotiation, negotiate, dialogue, discussion
summit: summit
ceasefire: ceasefire, truce, cease-fire
protest: protest, demonstration, demonstrator, demonstrate, protester, take to the streets, takes to the streets,
    rally against
walkout: walkout, industrial action, work stoppage, walk out, walks out, down tools, strike action, on strike, go on
    strike, goes on strike, stage a walkout, stop work, stops work, stopping work, downing tools, strikes over
arrest: arrest, detain, detention, in custody, custody, held by police, apprehend, nab, taken into custody, take into
    custody, seize suspect, hold suspect
release: release, freed, frees, free on bail, set free, released
charge: charge, charged, indict, indictment
sentence: sentence, jail, jailed, prison, imprison
convict: convict, guilty, conviction, found guilty
acquit: acquit, acquitted, cleared of, not guilty, acquittal
trial: trial
accuse: accuse, allege, accusation
sue: sue, lawsuit, legal action
ban: ban, prohibit, outlaw, bar, barred, forbid, forbidden, outlawed, prohibition
allow: allow, permit, authorise, authorize, legalise, legalize
sanction: sanction
tax: tax, levy
budget: budget
strategy: strategy
meet: meet, meets, met, meeting
escape: escape, flees custody
reform: reform, overhaul
curfew: curfew
emergency: state of emergency, emergency
police: police, police officer
firefighter: firefighter, fire crews, fire brigade, fire service, fire fighters
worker: worker, employee, staff, labourer, officers, workforce
student: student, pupil
school: school, classroom, kindergarten, college
teacher: teacher
company: company, firm, corporation, business, group, giant, maker, inc, ltd, plc
maker: carmaker, automaker, car maker, auto maker, car manufacturer
bank: bank, lender
central-bank: central bank, federal reserve, fed, reserve bank
factory: factory, plant
warehouse: warehouse, depot
building: building
tower: tower, high-rise, skyscraper, tower block
market-close: close at, closes at, closed at, end at, ends at, ended at, finish at, finishes at, close up, closes up,
    close down at, close higher, closes higher
market: market, bourse, stock exchange, stock market, wall street, stock markets
museum: museum
hotel: hotel
house: house, home
stadium: stadium, arena
church: church, cathedral
mine: mine, colliery, pit
dam: dam, reservoir
forest: forest, woodland
city-hall: city hall, town hall

up: rise, rises, rose, risen, rising, climb, gain, gains, increase, up, jump, surge, soar, higher, grow, grew, grown,
    growth, advance, advances, raise, raises, raised, hike, hikes, boost, edge up, edges up, lifts rates, go up, goes
    up, went up, accelerate, rally, rallies, rebound, rocket up, tick up, ticks up, step up, increase to, upward, hit
    high, spike, balloon, swell, double, doubled, triple, put up, puts up, mount, rise to, climbs to, more expensive,
    dearer, costlier
down: fall, falls, fell, fallen, falling, decrease, slip, down, lower, plunge, tumble, slump, shrink, shrank, lose
    ground, loses ground, dip, slide, slid, cut, cuts, cutting, reduce, reduction, slash, edge down, edges down, go
    down by, ease to, eases to, plummet, lowers, trim, retreat, contract, contraction, cheaper, downward, halve,
    halved, sag, sank to, sinks to, weaken against, go down, decline to
hold: hold, holds, held, keep unchanged, keeps unchanged, unchanged, steady, keep steady, keeps steady, maintain,
    leave unchanged, leaves unchanged, hold steady, holds steady, on hold, left unchanged, kept unchanged, stable,
    flat, leave alone, no change, leave on hold, freeze rates
rate: rate, interest rate, interest rates, borrowing costs, key rate, benchmark rate, key interest rate, benchmark
    interest rate, policy rate, cost of borrowing, lending rate, deposit rate, repo rate, rates
share: share, stock, equity, equities
price: price, cost
oil: oil, crude, brent, crude oil, oil price, oil prices, crude prices
gold: gold
inflation: inflation, consumer prices, consumer price inflation, cpi, price growth, consumer price
unemployment: unemployment, jobless rate, unemployment rate, joblessness, jobless, out of work, jobless claims
economy: economy, gdp, economic
profit: profit, earnings, result, results, quarterly results
revenue: revenue, sales
job: job, position
layoff: layoff, lay off, lays off, laid off, job cuts, cut jobs, redundancy, redundancies, shed jobs, sheds jobs, shed
    staff, cut staff, cuts staff, axe jobs, axes jobs, job losses
buy: buy, bought, acquire, purchase, takeover, acquisition, take over, takes over, snap up, snaps up, takes control
    of, agree to buy, agrees to buy, in talks to buy, buyout, buys out, takeover bid
sell: sell, sold, sale, offload, divest
merge: merge, merger
bankrupt: bankrupt, bankruptcy, insolvency, insolvent, administration, collapse into administration, goes bust, go
    bust, file for bankruptcy, files for bankruptcy, declare bankruptcy, declares bankruptcy, enters administration
record: record, record high, all-time high
high: high, peak, highest
low: low, lowest, weakest, lowest level, weakest level
export: export
import: import
fine: fine, fined, penalise
currency: currency

win: win, wins, won, winning, victory, triumph, beat, beats, beaten, beating, defeat, overcome, overcame, see off,
    sees off, thrash, edge past, edges past, win over, victorious, clinch, claim title, down rivals, overpower,
    outclass, prevail, get the better of, gets the better of, take the title, takes the title, lift the trophy, lifts
    the trophy, lift trophy, lifts trophy, lift the cup, lifts the cup, wins title, upset, stun, crowned, take gold,
    takes gold, take home, takes home, scoop, scoops, secure victory, seal victory, earns win, edge, hammer, rout,
    oust champion, overhaul, come out on top, comes out on top, awarded, receive prize
lose: lose, loses, lost, losing, loss, concede, concedes, admits defeat, concede defeat
draw: draw, drew, drawn, tie, tied, held to, share the points, share points, stalemate, play out draw, all square
qualify: qualify, reach, reached, advance to, advances to, through to, book place in, books place in, into the,
    progress to, qualification, make it to, makes it to, book their place in, books a place in, make the final, makes
    the final, into semi-finals, progress, reach the
eliminate: eliminate, crash out, crashes out, knocked out, exit, exits, dumped out, elimination, bow out, bows out,
    knock out, knock, dumped, dump out
final: final, title match
semi-final: semi-final, semifinal, semis, last four, semi final
quarter-final: quarter-final, quarterfinal, last eight, quarter final
cup: cup, trophy
title: title, crown
league: league
match: match, game, fixture, clash
goal: goal
score: score
penalty: penalty, penalties, penalty shootout, shootout, spot-kick, on penalties
lead: lead, leads, led, ahead, in front
coach-person: manager, head coach, coach, boss, trainer
captain: captain, skipper
retire: retire, retirement, hang up boots
debut: debut
race: race
marathon: marathon
stage: stage
medal: medal
gold-medal: gold medal
world-cup: world cup
olympic: olympic, olympics, olympic games
tournament: tournament
team: team, side, squad, club, selection
player: player, defender, midfielder, goalkeeper, winger, batsman, bowler
season: season, campaign
striker: striker, forward
transfer: transfer, join, joins, sign for, signs for, move to, moves to
replace: replace, succeed, successor
overtake: overtake, surpass
attack: attack, assault, bomb, raid
invade: invade, invasion

man: man, men
woman: woman, women
child: child, children, kid
boy: boy
girl: girl
baby: baby, infant

unesco: unesco
un: un, united nations
eu: eu, european union
us: us, u.s, usa, united states, america, american
uk: uk, britain, british, united kingdom, great britain
who: world health organization, world health organisation
france: france, french
germany: germany, german
spain: spain, spanish, spaniard
italy: italy, italian
portugal: portugal, portuguese
greece: greece, greek
turkey: turkey, turkish, turkiye
russia: russia, russian
ukraine: ukraine, ukrainian
china: china, chinese
japan: japan, japanese
india: india, indian
pakistan: pakistan, pakistani
indonesia: indonesia, indonesian
philippines: philippines, philippine, filipino
australia: australia, australian
new-zealand: new zealand
canada: canada, canadian
mexico: mexico, mexican
brazil: brazil, brazilian
argentina: argentina, argentine, argentinian
chile: chile, chilean
peru: peru, peruvian
colombia: colombia, colombian
ecuador: ecuador, ecuadorian
venezuela: venezuela, venezuelan
bolivia: bolivia, bolivian
egypt: egypt, egyptian
morocco: morocco, moroccan
algeria: algeria, algerian
tunisia: tunisia, tunisian
libya: libya, libyan
sudan: sudan, sudanese
ethiopia: ethiopia, ethiopian
kenya: kenya, kenyan
nigeria: nigeria, nigerian
ghana: ghana, ghanaian
senegal: senegal, senegalese
south-africa: south africa, south african
iran: iran, iranian
iraq: iraq, iraqi
syria: syria, syrian
lebanon: lebanon, lebanese
jordan: jordan, jordanian
israel: israel, israeli
palestine: palestine, palestinian
saudi: saudi arabia, saudi
qatar: qatar, qatari
uae: uae, united arab emirates, emirati, emirates
kuwait: kuwait, kuwaiti
oman: oman, omani
yemen: yemen, yemeni
norway: norway, norwegian
sweden: sweden, swedish
finland: finland, finnish
denmark: denmark, danish
iceland: iceland, icelandic, icelander
ireland: ireland, irish
scotland: scotland, scottish
wales: wales, welsh
england: england, english
netherlands: netherlands, dutch, holland
belgium: belgium, belgian
switzerland: switzerland, swiss
austria: austria, austrian
poland: poland, polish
czech: czech republic, czech, czechia
hungary: hungary, hungarian
romania: romania, romanian
bulgaria: bulgaria, bulgarian
croatia: croatia, croatian
serbia: serbia, serbian
vietnam: vietnam, vietnamese
thailand: thailand, thai
malaysia: malaysia, malaysian
nepal: nepal, nepali, nepalese
afghanistan: afghanistan, afghan
south-korea: south korea, south korean
north-korea: north korea, north korean
cuba: cuba, cuban
haiti: haiti, haitian
europe: europe, european
africa: africa, african
asia: asia, asian
north: north, northern
south: south, southern
east: east, eastern
west: west, western
northeast: northeast, northeastern, north-east, north-eastern
northwest: northwest, northwestern, north-west, north-western
southeast: southeast, southeastern, south-east, south-eastern
southwest: southwest, southwestern, south-west, south-western
monday: monday, mon
tuesday: tuesday, tue
wednesday: wednesday, wed
thursday: thursday, thu
friday: friday
saturday: saturday
sunday: sunday
january: january, jan
february: february, feb
march-month: march
april: april, apr
may-month: may
june: june
july: july
august: august, aug
september: september, sept
october: october, oct
november: november, nov
december: december, dec
spring: spring
summer: summer
autumn: autumn
winter: winter
today: today
tonight: tonight
tomorrow: tomorrow
yesterday: yesterday
morning: morning, dawn
noon: noon, midday
afternoon: afternoon
evening: evening, dusk
night: night, overnight
midnight: midnight
second-unit: seconds
minute: minute
hour: hour
day: day
week: week, weekly
month: month, monthly
quarter: quarter, quarterly
year: year, annual, annually
decade: decade
century: century
km: km, kilometre, kilometer, kilometres, kms
mile: mile
metre: metre, meter
foot: ft, foot, feet
cm: cm, centimetre, centimeter
inch: inch
kmh: kph, km/h
mph: mph
tonne: tonne, ton
dollar: dollar, usd
euro: euro, eur
pound-money: sterling, gbp
yen: yen
yuan: yuan
dozens: dozens, scores
hundreds: hundreds
thousands: thousands, thousands of
millions: millions
several: several, multiple, few, many, number of, a number of, various
red: red
orange: orange
yellow: yellow
amber: amber
green: green
mens: men's, mens
womens: women's, womens
junior: junior, under-21, youth
left-side: left-hand
right-side: right-hand
upper: upper
inner: inner
outer: outer
before: before, ahead of, prior to
after: after, following, in the wake of, in wake of, since
not: not, no, never, without, cannot, n't, nobody, none, neither, nor, can't, won't, isn't, doesn't, didn't, don't,
    wasn't, aren't, hasn't, haven't, no longer
will: will, shall, going to, 'll, due to be
by: by
to: to
from: from
against: against, v, vs, versus
and: and, &
between: between
strike: strike
champion: champion, champions
championship: championship
vehicle: vehicle
tram: tram, trolley
helicopter: helicopter, chopper
ceo: ceo, chief executive, chief executive officer
finance-chief: finance chief, cfo, chief financial officer, finance director
foreign-minister: foreign minister, foreign secretary
health-minister: health minister, health secretary
interior-minister: interior minister, home secretary
governor: governor
king: king
queen: queen
library: library
office: office, office block
theatre: theatre, theater
mall: mall, shopping centre, shopping center, shopping mall
university: university, campus
clinic: clinic
silver: silver
copper: copper
wheat: wheat
coffee: coffee
sugar: sugar
gas: gas, natural gas
drop: drop
claim: claim
cyclist: cyclist, rider, biker
runner: runner, athlete
nurse: nurse
doctor: doctor, medic
farmer: farmer
pilot: pilot
coastguard: coastguard, coast guard
slow: slow, slows, slowdown, cool, cools
withdraw: withdraw, withdrawal, withdrawn, pull, pulled
key: key, main, crucial
eurozone: eurozone, euro zone, euro area
refloat: refloat, refloated, float again
leave: leave, leaves, left
voter: voter, vote, votes, electorate
power: power, electricity, energy supply
switch-off: switch off, turn off, power down
govern: govern, governing, ruling, in power
strike-down: strike down, struck down, overturn ruling, annul, invalidate, scrap law, overturns result, overturns
    election
uphold: uphold, upholds, upheld
see: see, seen, sees, saw, sighted, spot, spotted, visible, watch, observe, can be seen, can see
fuel: fuel, petrol, gasoline, diesel
disrupt: disrupt, disruption, interfere
candidate: stand, run, candidacy, seek another term, stand again, run again, seek re-election, another term, new term,
    second term, seek a new term
accept: accept, acceptance
last: last, final-ever
photo: photo, picture, photograph, image
video: video, footage
study: study, research, survey
scientist: scientist, researcher
vote-count: count, tally
freight: freight, cargo, goods
as: as, while, with
lose-contact: lose contact, loses contact, lost contact, contact lost, loss of contact, contact is lost
present: present, presents, introduce, unveil, unveils, uncover, showcase, debut of
barrel: barrel, bpd, barrels a day, barrels per day
"""

EMPTY = """a an the of in on at for is are was were be been being has have had having it its their his her this that
these those who which what when where than then there here into onto upon out s so such do does did very more most
all any both each other own same too via per if or but within during through across under above below amongst among
he she they we you i his our your them him me"""

NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "dozen": 12, "pair": 2, "couple": 2, "trio": 3,
    "twice": 2, "single": 1,
}  # fmt: skip
SCALES = {
    "hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "k": 1e3, "bn": 1e9, "mn": 1e6,
    "tn": 1e12,
}  # fmt: skip
ORDINALS = {
    "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "eleventh": 11, "twelfth": 12, "twentieth": 20, "2nd": 2, "3rd": 3,
}  # fmt: skip

LEXICON = lexicon(
    english, MEANINGS, sources=OUTLETS, empty=EMPTY, numbers=NUMBERS, scales=SCALES, ordinals=ORDINALS, joins="and",
    last={"over": "end", "out": "eliminate"}, fractions={"half": 0.5, "quarter": 0.25},
)  # fmt: skip
