import type http from 'node:http'

/** What every agent has and the declarations leave out: a request is given to it before anybody listens to it. */
interface Requested {
  addRequest(request: http.ClientRequest, ...rest: readonly unknown[]): void
}

/**
 * Looks at the answers to an agent's requests before node-fetch does, which cannot cope with all of them:
 * - It throws where nobody can catch it when the user in a Location cannot be decoded, and the process ends: so it is
 *   shown no Location, which also leaves it no redirect to follow.
 * - It waits for ever for the rest of an answer that is shorter than its Content-Length: so it gets an error.
 */
export function guardAnswers(agent: http.Agent): void {
  const requested = agent as http.Agent & Requested
  const add = requested.addRequest.bind(agent)
  requested.addRequest = (request, ...rest) => {
    request.once('response', (response) => {
      delete response.headers.location
      response.once('close', () => {
        // The request has ended by then: to destroy it would say nothing.
        if (!response.complete) request.emit('error', new Error('the answer was cut short'))
      })
    })
    add(request, ...rest)
  }
}
