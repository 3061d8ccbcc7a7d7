package sim

// Where the rules are written. docs/PROTOCOL.md has them in our words, with the tests that hold the server to them.
const (
	sourceDiscovery    = "Apple, Onboarding users with account-driven enrollment"
	sourceSignIn       = "Apple, Implementing the simple authentication account-driven enrollment flow"
	sourceProfile      = "Apple's schema, mdm/profiles/TopLevel.yaml and CommonPayloadKeys.yaml"
	sourceMDM          = "Apple's schema, mdm/profiles/com.apple.mdm.yaml"
	sourceIdentity     = "Apple's schema, mdm/profiles/com.apple.security.scep.yaml"
	sourceCertificate  = "Apple's schema, mdm/profiles/com.apple.security.root.yaml"
	sourceUpdate       = "Apple, Deploying device management enrollment profiles"
	sourceCheckIn      = "Apple's schema, mdm/checkin"
	sourceConnections  = "Apple, Managing connections"
	sourceCommands     = "Apple, Sending MDM commands to a device"
	sourceNotNow       = "Apple, Handling NotNow status responses"
	sourceDeclarations = "Apple's schema, declarative/protocol"
	sourceAllowed      = "Apple's schema, what each file allows under user enrollment"
	sourceTLS          = "Apple, Prepare your network environment for stricter security requirements"
	sourceFormAction   = "Content Security Policy Level 3, form-action"
	sourceSCEP         = "RFC 8894, and SCEP clients in the field"
	sourceX509         = "RFC 5280"
)
