import { expect, test } from 'vitest'
import { helmEnvironment } from './helm.ts'

test('Helm has what credential plugins need, and none of the settings for other clusters', () => {
  const user = {
    HOME: '/home/me',
    AWS_PROFILE: 'mine',
    HELM_NAMESPACE: 'other',
    KUBECONFIG: '/other',
    KUBE_EDITOR: 'vi',
  }
  const env = helmEnvironment('/ours', user)
  expect(env).toMatchObject({ HOME: '/home/me', AWS_PROFILE: 'mine', KUBECONFIG: '/ours' })
  expect(Object.keys(env)).not.toContain('HELM_NAMESPACE')
  expect(Object.keys(env)).not.toContain('KUBE_EDITOR')
  expect(env['HELM_CONFIG_HOME']).not.toContain('/home/me')
})
