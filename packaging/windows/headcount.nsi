; The Windows installer: for one user, without administrator rights.
;   makensis -DVERSION=0.1.0 -DSOURCE=..\..\dist\headcount -DICON=..\..\build\icons\headcount.ico headcount.nsi
; On Linux packaging/windows/compile_check.sh compiles it against the Linux folder.
Unicode true
!include "MUI2.nsh"
!include "FileFunc.nsh"

!ifndef VERSION
  !error "Give the version: -DVERSION=0.1.0"
!endif
!ifndef SOURCE
  !define SOURCE "..\..\dist\headcount"
!endif
!ifndef ICON
  !define ICON "..\..\build\icons\headcount.ico"
!endif
!ifndef OUTFILE
  !define OUTFILE "..\..\dist\headcount-${VERSION}-windows-x64-setup.exe"
!endif
!define LICENCE "..\..\LICENSE"
!define PROGRAM "Headcount Window.exe"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Headcount"
!define RUN_KEY "Software\Microsoft\Windows\CurrentVersion\Run"
!define CLASS_KEY "Software\Classes\Applications\${PROGRAM}"

Name "Headcount"
OutFile "${OUTFILE}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\Headcount"
InstallDirRegKey HKCU "${UNINSTALL_KEY}" "InstallLocation"
!ifdef QUICK
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64
!endif
BrandingText "Headcount ${VERSION}"

VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Headcount"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}.0"
VIAddVersionKey "FileDescription" "Headcount installer"
VIAddVersionKey "CompanyName" "The makers of Headcount"
VIAddVersionKey "LegalCopyright" "The makers of Headcount, Apache License 2.0"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_COMPONENTSPAGE_SMALLDESC
!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}"
!define MUI_FINISHPAGE_RUN_TEXT "Start Headcount now"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; Windows does not let go of a program that runs: half of it would be replaced, or half of it removed.
!macro wait_until_closed_function UN
Function ${UN}wait_until_closed
  again:
  IfFileExists "$INSTDIR\$1" 0 closed
  ClearErrors
  FileOpen $0 "$INSTDIR\$1" a
  IfErrors running
  FileClose $0
  Goto closed
  running:
  MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "Headcount is running. Please close it, then press Retry." /SD IDCANCEL IDRETRY again
  Abort "Headcount is running."
  closed:
FunctionEnd
!macroend
!insertmacro wait_until_closed_function ""
!insertmacro wait_until_closed_function "un."
!macro wait_until_closed UN
  StrCpy $1 "${PROGRAM}"
  Call ${UN}wait_until_closed
  StrCpy $1 "headcount.exe"
  Call ${UN}wait_until_closed
!macroend

Section "Headcount" sec_program
  SectionIn RO
  !insertmacro wait_until_closed ""
  ; An update replaces the program as a whole, so that no file of an older version stays behind.
  RMDir /r "$INSTDIR\lib"
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}\*"
  File "/oname=headcount.ico" "${ICON}"
  CreateShortcut "$SMPROGRAMS\Headcount.lnk" "$INSTDIR\${PROGRAM}" "" "$INSTDIR\headcount.ico" 0 "" "" "Count the people who pass a camera"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "Headcount"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\headcount.ico"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "The makers of Headcount"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" "$0"
SectionEnd

Section "Shortcut on the desktop" sec_desktop
  CreateShortcut "$DESKTOP\Headcount.lnk" "$INSTDIR\${PROGRAM}" "" "$INSTDIR\headcount.ico"
SectionEnd

Section "Offer Headcount under “Open with” for videos" sec_openwith
  WriteRegStr HKCU "${CLASS_KEY}" "FriendlyAppName" "Headcount"
  WriteRegStr HKCU "${CLASS_KEY}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" "%1"'
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".mp4" ""
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".mov" ""
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".mkv" ""
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".webm" ""
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".avi" ""
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".wmv" ""
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".flv" ""
  WriteRegStr HKCU "${CLASS_KEY}\SupportedTypes" ".mpg" ""
SectionEnd

Section /o "Start Headcount when I sign in" sec_autostart
  WriteRegStr HKCU "${RUN_KEY}" "Headcount" '"$INSTDIR\${PROGRAM}"'
SectionEnd

LangString about_program ${LANG_ENGLISH} "The program, its models and the demo clip."
LangString about_desktop ${LANG_ENGLISH} "An icon on your desktop."
LangString about_openwith ${LANG_ENGLISH} "A right click on a video can then open it in Headcount."
LangString about_autostart ${LANG_ENGLISH} "For a computer that counts all day. You can switch it off in Settings > Apps > Startup."
!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${sec_program} $(about_program)
  !insertmacro MUI_DESCRIPTION_TEXT ${sec_desktop} $(about_desktop)
  !insertmacro MUI_DESCRIPTION_TEXT ${sec_openwith} $(about_openwith)
  !insertmacro MUI_DESCRIPTION_TEXT ${sec_autostart} $(about_autostart)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Section "Uninstall"
  !insertmacro wait_until_closed "un."
  Delete "$SMPROGRAMS\Headcount.lnk"
  Delete "$DESKTOP\Headcount.lnk"
  DeleteRegValue HKCU "${RUN_KEY}" "Headcount"
  DeleteRegKey HKCU "${CLASS_KEY}"
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  ; Only what the installer put there; settings and counts of the user stay, Help > Delete all my data removes them.
  RMDir /r "$INSTDIR\lib"
  Delete "$INSTDIR\headcount.exe"
  Delete "$INSTDIR\${PROGRAM}"
  Delete "$INSTDIR\headcount.ico"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
SectionEnd
