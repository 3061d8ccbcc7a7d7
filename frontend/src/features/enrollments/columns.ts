import type { EnrollmentSort } from '~/backend/types'
import type { Column } from '~/ui/list'
import { t } from '~/words/language.svelte'

/** The columns of the list of phones, in their order. */
export function columns(): Column<EnrollmentSort>[] {
  return [
    { id: 'person', title: t('phones.person'), width: 'minmax(7rem, 1.6fr)', sort: 'person', fixed: true },
    { id: 'name', title: t('phones.name'), width: 'minmax(4rem, 1fr)', sort: 'name' },
    { id: 'managed_account', title: t('phones.managed'), width: 'minmax(7rem, 1.6fr)' },
    { id: 'model', title: t('phones.model'), width: 'minmax(6rem, 1.2fr)', sort: 'model' },
    { id: 'os_version', title: t('phones.os'), width: '4rem', sort: 'os' },
    { id: 'state', title: t('phones.state'), width: 'minmax(7rem, 1.1fr)' },
    { id: 'enrolled_at', title: t('phones.enrolled_at'), width: '6rem', sort: '-enrolled_at' },
    { id: 'last_seen_at', title: t('phones.last_seen_at'), width: '6rem', sort: '-last_seen_at' },
  ]
}
