; The Windows installer. wails_tools.nsh, which the Wails command writes beside it, brings names, versions and file lists
; from wails.json. By hand: makensis -DARG_WAILS_AMD64_BINARY=..\..\bin\Gatehouse-amd64.exe project.nsi
Unicode true

!include "wails_tools.nsh"

VIProductVersion "${INFO_PRODUCTVERSION}.0"
VIFileVersion "${INFO_PRODUCTVERSION}.0"
VIAddVersionKey "CompanyName" "${INFO_COMPANYNAME}"
VIAddVersionKey "FileDescription" "${INFO_PRODUCTNAME} Installer"
VIAddVersionKey "ProductVersion" "${INFO_PRODUCTVERSION}"
VIAddVersionKey "FileVersion" "${INFO_PRODUCTVERSION}"
VIAddVersionKey "LegalCopyright" "${INFO_COPYRIGHT}"
VIAddVersionKey "ProductName" "${INFO_PRODUCTNAME}"

ManifestDPIAware true

!include "MUI.nsh"
!define MUI_ICON "..\icon.ico"
!define MUI_UNICON "..\icon.ico"
!define MUI_FINISHPAGE_NOAUTOCLOSE
!define MUI_ABORTWARNING
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "..\..\..\LICENSE"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"

Name "${INFO_PRODUCTNAME}"
OutFile "..\..\bin\${INFO_PROJECTNAME}-${ARCH}-installer.exe"
InstallDir "$PROGRAMFILES64\${INFO_PRODUCTNAME}"
ShowInstDetails show

Function .onInit
  !insertmacro wails.checkArchitecture
FunctionEnd

Section
  !insertmacro wails.setShellContext
  !insertmacro wails.webview2runtime
  SetOutPath $INSTDIR
  !insertmacro wails.files
  CreateShortcut "$SMPROGRAMS\${INFO_PRODUCTNAME}.lnk" "$INSTDIR\${PRODUCT_EXECUTABLE}"

  ; Phones come in on the port that the administrator chose. Without a rule, Windows drops them without a word.
  nsExec::ExecToLog 'netsh advfirewall firewall delete rule name="${INFO_PRODUCTNAME}"'
  nsExec::ExecToLog 'netsh advfirewall firewall add rule name="${INFO_PRODUCTNAME}" dir=in action=allow protocol=TCP program="$INSTDIR\${PRODUCT_EXECUTABLE}" enable=yes'

  !insertmacro wails.writeUninstaller
SectionEnd

; The data folder stays: whoever removes the program has not said that the phones should be forgotten.
Section "uninstall"
  !insertmacro wails.setShellContext
  nsExec::ExecToLog 'netsh advfirewall firewall delete rule name="${INFO_PRODUCTNAME}"'
  RMDir /r "$AppData\${PRODUCT_EXECUTABLE}" ; what WebView2 kept
  RMDir /r $INSTDIR
  Delete "$SMPROGRAMS\${INFO_PRODUCTNAME}.lnk"
  !insertmacro wails.deleteUninstaller
SectionEnd
