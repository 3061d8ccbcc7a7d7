package admin

import (
"context"
"example.org/gatehouse/backend/settings"
)

type API struct{}
func (a *API) Overview(ctx context.Context, in *None) (*Overview, error) { panic("not yet") }
func (a *API) Version(ctx context.Context, in *None) (*Version, error) { panic("not yet") }
func (a *API) News(ctx context.Context, in *NewsIn) (*News, error) { panic("not yet") }
func (a *API) Events(ctx context.Context, in *EventsIn) (*Events, error) { panic("not yet") }
func (a *API) SetupState(ctx context.Context, in *None) (*SetupState, error) { panic("not yet") }
func (a *API) SetUp(ctx context.Context, in *SetUpIn) (*SetupState, error) { panic("not yet") }
func (a *API) CheckAnswer(ctx context.Context, in *CheckIn) (*Check, error) { panic("not yet") }
func (a *API) Settings(ctx context.Context, in *None) (*settings.Settings, error) { panic("not yet") }
func (a *API) ChangeSettings(ctx context.Context, in *SettingsIn) (*settings.Settings, error) { panic("not yet") }
func (a *API) TLS(ctx context.Context, in *None) (*TLS, error) { panic("not yet") }
func (a *API) ImportTLS(ctx context.Context, in *ImportTLSIn) (*TLS, error) { panic("not yet") }
func (a *API) TrustAnchor(ctx context.Context, in *None) (*TrustAnchor, error) { panic("not yet") }
func (a *API) PushCertificate(ctx context.Context, in *None) (*PushState, error) { panic("not yet") }
func (a *API) ImportPush(ctx context.Context, in *ImportPushIn) (*PushState, error) { panic("not yet") }
func (a *API) CheckPush(ctx context.Context, in *ImportPushIn) (*PushState, error) { panic("not yet") }
func (a *API) Directory(ctx context.Context, in *None) (*DirectoryState, error) { panic("not yet") }
func (a *API) ChangeDirectory(ctx context.Context, in *DirectoryIn) (*DirectoryState, error) { panic("not yet") }
func (a *API) TestDirectory(ctx context.Context, in *TestDirectoryIn) (*DirectoryTest, error) { panic("not yet") }
func (a *API) People(ctx context.Context, in *PeopleIn) (*People, error) { panic("not yet") }
func (a *API) AddPerson(ctx context.Context, in *AddPersonIn) (*PersonAdded, error) { panic("not yet") }
func (a *API) RemovePerson(ctx context.Context, in *PersonIn) (*Done, error) { panic("not yet") }
func (a *API) UnlockPerson(ctx context.Context, in *PersonIn) (*Person, error) { panic("not yet") }
func (a *API) NewCode(ctx context.Context, in *PersonIn) (*EnrollmentCode, error) { panic("not yet") }
func (a *API) SetPassword(ctx context.Context, in *SetPasswordIn) (*Person, error) { panic("not yet") }
func (a *API) SetManagedAccount(ctx context.Context, in *SetManagedAccountIn) (*Person, error) { panic("not yet") }
func (a *API) Enrollments(ctx context.Context, in *EnrollmentsIn) (*Enrollments, error) { panic("not yet") }
func (a *API) Enrollment(ctx context.Context, in *EnrollmentIn) (*EnrollmentDetail, error) { panic("not yet") }
func (a *API) Timeline(ctx context.Context, in *TimelineIn) (*Events, error) { panic("not yet") }
func (a *API) Commands(ctx context.Context, in *EnrollmentIn) (*Commands, error) { panic("not yet") }
func (a *API) CommandTypes(ctx context.Context, in *None) (*CommandTypes, error) { panic("not yet") }
func (a *API) SendCommand(ctx context.Context, in *SendCommandIn) (*Queued, error) { panic("not yet") }
func (a *API) Wake(ctx context.Context, in *WakeIn) (*Queued, error) { panic("not yet") }
func (a *API) Attempts(ctx context.Context, in *AttemptsIn) (*Attempts, error) { panic("not yet") }
func (a *API) Attempt(ctx context.Context, in *AttemptIn) (*AttemptDetail, error) { panic("not yet") }
func (a *API) Check(ctx context.Context, in *None) (*Examination, error) { panic("not yet") }
func (a *API) Rehearse(ctx context.Context, in *RehearseIn) (*Rehearsal, error) { panic("not yet") }
func (a *API) Rehearsal(ctx context.Context, in *RehearsalIn) (*Rehearsal, error) { panic("not yet") }
