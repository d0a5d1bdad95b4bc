import { once } from 'node:events'
import { startControlPlane } from './control-plane.ts'

// Started alone, for a look around with kubectl: `npm run control-plane`.
const controlPlane = await startControlPlane()
console.log(`Kubernetes ${controlPlane.connection.version} at ${controlPlane.url}, audit log and all other files in
${controlPlane.connection.folder}

  export KUBECONFIG=${controlPlane.adminKubeconfig}
  kubectl get namespaces

Ctrl-C ends it and deletes its data.`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await controlPlane.stop()
