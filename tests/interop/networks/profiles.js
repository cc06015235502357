// The networks that the person with the bad link has, one after the other.
//
// A profile is a list of phases: what the link does, in both directions, and for how many seconds.
// Everybody has met on a clean link before the first phase begins.

// What a router in front of a narrow line holds back before it drops: RFC 8867 §5.1 has 300 ms.
const kQueueSeconds = 0.3;
const narrow = (kbps) => `rate=${kbps}k queue=${Math.round((kbps * 1000 * kQueueSeconds) / 8)}`;
const kDark = 'loss=100%';
// Two of a hundred datagrams begin a burst, which lasts ten on average and takes eight of them.
const kBursts = 'enter=2% leave=10% bad=80%';

const kUsual = 20;
const steady = (name, link) => ({ name, phases: [{ name: '', link, seconds: kUsual }] });
const dark = (seconds) => ({
  name: `${seconds} s blackout`,
  phases: [
    { name: 'before', link: '', seconds: 3 },
    { name: 'dark', link: kDark, seconds },
    { name: 'after', link: '', seconds: 20 },
  ],
});

export const kProfiles = [
  steady('clean', ''),
  steady('1 % loss', 'loss=1%'),
  steady('5 % loss', 'loss=5%'),
  steady('10 % loss', 'loss=10%'),
  steady('bursts of loss', kBursts),
  // Uniform from 0 to 60 ms, which is what netem means by 30 ± 30.
  steady('30±30 ms jitter', 'jitter=60ms'),
  steady('100 ms delay', 'delay=100ms'),
  steady('250 ms delay', 'delay=250ms'),
  steady('300 kbit/s', narrow(300)),
  steady('600 kbit/s', narrow(600)),
  steady('1.5 Mbit/s', narrow(1500)),
  {
    name: 'steps',
    phases: [
      { name: '2.5 Mbit/s', link: narrow(2500), seconds: 12 },
      // The step itself, which fills the queue before anybody can know, and what comes after.
      { name: 'down to 400 kbit/s', link: narrow(400), seconds: 5 },
      { name: '400 kbit/s', link: narrow(400), seconds: 20 },
      { name: '2.5 Mbit/s again', link: narrow(2500), seconds: 25 },
    ],
  },
  dark(3),
  dark(10),
];

// For a look in passing: is anything wrong at all?
export const kShortProfiles = kProfiles
  .filter(({ name }) => ['clean', '5 % loss'].includes(name))
  .map(({ name, phases: [phase] }) => ({ name, phases: [{ ...phase, seconds: 9 }] }));
