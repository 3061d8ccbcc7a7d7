import type { EnrollmentSort } from '~/backend/types'
import type { Column } from '~/ui/list'
import { t } from '~/words/language.svelte'

/** The columns of the list of phones, in their order. */
export function columns(): Column<EnrollmentSort>[] {
  return [
    { id: 'person', title: t('phones.person'), least: 7, share: 1.6, sort: 'person', fixed: true },
    { id: 'name', title: t('phones.name'), least: 4, share: 1, sort: 'name' },
    { id: 'managed_account', title: t('phones.managed'), least: 7, share: 1.6 },
    { id: 'model', title: t('phones.model'), least: 6, share: 1.2, sort: 'model' },
    { id: 'os_version', title: t('phones.os'), least: 4, share: 0, sort: 'os' },
    { id: 'state', title: t('phones.state'), least: 7, share: 1.1 },
    { id: 'enrolled_at', title: t('phones.enrolled_at'), least: 6, share: 0, sort: '-enrolled_at' },
    { id: 'last_seen_at', title: t('phones.last_seen_at'), least: 6, share: 0, sort: '-last_seen_at' },
  ]
}
