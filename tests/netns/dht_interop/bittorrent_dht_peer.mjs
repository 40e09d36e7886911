// A node of the npm package bittorrent-dht that does what dht_interop_test.sh tells it.
//
//   node bittorrent_dht_peer.mjs <folder of the package> <address:port> <bootstrap address:port>
//
// Reads one command a line from standard input, answers each with lines and then "done": see
// libtorrent_peer.py, whose commands these are.
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { createInterface } from 'node:readline'

const [folder, listen, bootstrap] = process.argv.slice(2)
const { Client } = await import(`${folder}/index.js`)

// Raw Ed25519 keys in the DER that node reads (RFC 8410).
const publicKey = raw => createPublicKey({
  key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki'
})
const privateKey = seed => createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8'
})

const dht = new Client({
  bootstrap: [bootstrap],
  verify: (signature, message, key) => verify(null, message, publicKey(Buffer.from(key)), signature)
})
const promise = start => new Promise(resolve => start((error, ...results) => resolve([error, ...results])))
const sha1 = bytes => createHash('sha1').update(bytes).digest()

const commands = {
  async nodes () { console.log('nodes', dht.toJSON().nodes.length) },

  async get (key, salt) {
    const raw = Buffer.from(key, 'hex')
    const options = salt ? { salt: Buffer.from(salt) } : {}
    const target = sha1(salt ? Buffer.concat([raw, options.salt]) : raw)
    const [, found] = await promise(done => dht.get(target, options, done))
    console.log('value', found ? Buffer.from(found.v).toString() : null, 'seq', found?.seq)
  },

  async 'get-immutable' (hash) {
    const [, found] = await promise(done => dht.get(Buffer.from(hash, 'hex'), done))
    console.log('immutable', found ? Buffer.from(found.v).toString() : null)
  },

  async put (seed, key, text, salt) {
    const options = {
      k: Buffer.from(key, 'hex'),
      seq: 1,
      v: Buffer.from(text),
      sign: message => sign(null, message, privateKey(Buffer.from(seed, 'hex')))
    }
    if (salt) options.salt = Buffer.from(salt)
    const [error, hash, count] = await promise(done => dht.put(options, done))
    console.log('put', error?.message ?? count, hash?.toString('hex'))
  },

  async 'put-immutable' (text) {
    const [error, hash, count] = await promise(done => dht.put({ v: Buffer.from(text) }, done))
    console.log('hash', hash.toString('hex'), error?.message ?? count)
  },

  async announce (hash, port) {
    const [error] = await promise(done => dht.announce(Buffer.from(hash, 'hex'), Number(port), done))
    console.log('announced', error?.message ?? '')
  },

  async peers (hash) {
    const seen = new Set()
    dht.on('peer', peer => seen.add(`${peer.host}:${peer.port}`))
    await promise(done => dht.lookup(Buffer.from(hash, 'hex'), done))
    for (const peer of seen) console.log('peer', peer)
  }
}

const [host, port] = listen.split(':')
dht.listen(Number(port), host, () => {
  dht.on('ready', async () => {
    console.log('ready')
    for await (const line of createInterface({ input: process.stdin })) {
      const [command, ...words] = line.trim().split(' ')
      await commands[command](...words)
      console.log('done')
    }
    process.exit(0)
  })
})
