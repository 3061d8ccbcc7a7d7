package sim

import "slices"

// What User Enrollment takes on an iPhone, from Apple's schema.

var payloadTypes = []string{
	"com.apple.airplay", "com.apple.airprint", "com.apple.applicationaccess", "com.apple.caldav.account",
	"com.apple.carddav.account", "com.apple.dnsProxy.managed", "com.apple.eas.account", "com.apple.education",
	"com.apple.extensiblesso", "com.apple.font", "com.apple.globalethernet.managed", "com.apple.google-oauth",
	"com.apple.ldap.account", "com.apple.mail.managed", "com.apple.mdm", "com.apple.mobiledevice.passwordpolicy",
	"com.apple.relay.managed", "com.apple.security.acme", "com.apple.security.certificaterevocation",
	"com.apple.security.certificatetransparency", "com.apple.security.pem", "com.apple.security.pkcs1",
	"com.apple.security.pkcs12", "com.apple.security.root", "com.apple.security.scep", "com.apple.sso",
	"com.apple.subscribedcalendar.account", "com.apple.vpn.managed.applayer", "com.apple.webClip.managed",
	"com.apple.webcontent-filter", "com.apple.wifi.managed",
}

var forbiddenKeys = map[string][]string{
	"com.apple.airplay": {"AllowList", "Whitelist"},
	"com.apple.wifi.managed": {
		"ProxyType", "ProxyServer", "ProxyServerPort", "ProxyUsername", "ProxyPassword", "ProxyPACURL",
		"ProxyPACFallbackAllowed", "DisableAssociationMACRandomization",
	},
}

// neededKeys are those without which a payload would reach beyond the managed apps.
var neededKeys = map[string]string{
	"com.apple.dnsProxy.managed":  "DNSProxyUUID",
	"com.apple.relay.managed":     "RelayUUID",
	"com.apple.webcontent-filter": "ContentFilterUUID",
}

// allowedPayload says what keeps a payload out; an iPhone refuses the whole profile then.
func allowedPayload(kind string, payload map[string]any) *Refusal {
	if !slices.Contains(payloadTypes, kind) {
		return refuse("profile-payload-forbidden", sourceAllowed, "%s is not for user enrollment; the whole profile is refused", kind)
	}
	for _, key := range forbiddenKeys[kind] {
		if _, there := payload[key]; there {
			return refuse("profile-payload-forbidden", sourceAllowed, "%s in %s is not for user enrollment", key, kind)
		}
	}
	if key, needs := neededKeys[kind]; needs && payload[key] == nil {
		return refuse("profile-payload-forbidden", sourceAllowed, "%s works for single apps only: %s is needed", kind, key)
	}
	return nil
}

// commandTypes are the request types an iPhone answers under User Enrollment; true: it may say NotNow (docs/PROTOCOL.md, 6).
var commandTypes = map[string]bool{
	"CertificateList": true, "DeclarativeManagement": true, "DeviceInformation": false, "DeviceLock": false,
	"InstallApplication": true, "InstalledApplicationList": false, "InstallMedia": true, "InstallProfile": true,
	"InstallProvisioningProfile": true, "ManagedApplicationAttributes": true, "ManagedApplicationConfiguration": true,
	"ManagedApplicationFeedback": true, "ManagedApplicationList": true, "ManagedMediaList": true, "ProfileList": false,
	"ProvisioningProfileList": false, "RemoveApplication": true, "RemoveMedia": true, "RemoveProfile": true,
	"RemoveProvisioningProfile": true, "RequestMirroring": true, "SecurityInfo": true, "Settings": true,
	"ValidateApplications": true,
}

// queryNames are the DeviceInformation queries an iPhone answers under User Enrollment.
var queryNames = []string{
	"OrganizationInfo", "MDMOptions", "DeviceName", "OSVersion", "SupplementalOSVersionExtra", "BuildVersion",
	"SupplementalBuildVersion", "ModelName", "Model", "ModelNumber", "ProductName", "DeviceCapacity",
	"AvailableDeviceCapacity", "CellularTechnology", "BatteryLevel", "IsSupervised", "IsMultiUser",
	"IsDeviceLocatorServiceEnabled", "EASDeviceIdentifier", "DiagnosticSubmissionEnabled", "AppAnalyticsEnabled",
	"TimeZone", "IsNetworkTethered", "DevicePropertiesAttestation",
}

// settingsItems are the items of a Settings command an iPhone takes under User Enrollment.
var settingsItems = []string{"ApplicationConfiguration", "ApplicationAttributes", "OrganizationInfo", "MDMOptions"}

// declarationTypes are the declarations an iPhone takes under User Enrollment, by kind.
var declarationTypes = map[string][]string{
	"activation": {"com.apple.activation.simple"},
	"asset": {
		"com.apple.asset.credential.acme", "com.apple.asset.credential.certificate", "com.apple.asset.credential.identity",
		"com.apple.asset.credential.scep", "com.apple.asset.credential.userpassword", "com.apple.asset.data",
		"com.apple.asset.useridentity",
	},
	"configuration": {
		"com.apple.configuration.account.caldav", "com.apple.configuration.account.carddav",
		"com.apple.configuration.account.exchange", "com.apple.configuration.account.google",
		"com.apple.configuration.account.ldap", "com.apple.configuration.account.mail",
		"com.apple.configuration.account.subscribed-calendar", "com.apple.configuration.app.managed",
		"com.apple.configuration.legacy", "com.apple.configuration.legacy.interactive",
		"com.apple.configuration.management.status-subscriptions", "com.apple.configuration.management.test",
		"com.apple.configuration.passcode.settings", "com.apple.configuration.security.certificate",
		"com.apple.configuration.security.identity",
	},
	"management": {
		"com.apple.management.organization-info", "com.apple.management.properties",
		"com.apple.management.server-capabilities",
	},
}

// statusItems are the status items an iPhone reports under User Enrollment.
var statusItems = []string{
	"account.list.caldav", "account.list.carddav", "account.list.exchange", "account.list.google", "account.list.ldap",
	"account.list.mail.incoming", "account.list.mail.outgoing", "account.list.subscribed-calendar", "app.managed.list",
	"device.model.family", "device.model.identifier", "device.model.marketing-name", "device.model.number",
	"device.operating-system.build-version", "device.operating-system.family", "device.operating-system.marketing-name",
	"device.operating-system.supplemental.build-version", "device.operating-system.supplemental.extra-version",
	"device.operating-system.version", "management.client-capabilities", "management.declarations", "mdm.app",
	"passcode.is-compliant", "passcode.is-present", "security.certificate.list",
	"test.array-value", "test.boolean-value", "test.dictionary-value", "test.error-value", "test.integer-value",
	"test.real-value", "test.string-value",
}
