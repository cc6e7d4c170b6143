# Builds the Windows installer. Needs Python 3.11 to 3.13 (x64) and NSIS 3 (python and makensis on the PATH).
#   powershell -ExecutionPolicy Bypass -File packaging\windows\build.ps1
# Not run on Windows yet by the people who wrote it; docs\building-installers.md says what was.
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "..\..")

function Invoke-Checked { param([string]$Program, [string[]]$Arguments)
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program $Arguments ended with $LASTEXITCODE" }
}

# Not `py`, which takes the newest Python there is.
Invoke-Checked python @("-m", "venv", ".venv-package")
$python = ".venv-package\Scripts\python.exe"
Invoke-Checked $python @("-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements\package.txt")
$version = & $python -c "from desktop_app import __version__; print(__version__)"
New-Item -ItemType Directory -Force build\icons | Out-Null
Invoke-Checked $python @("packaging\icons.py", "build\icons")
Invoke-Checked $python @("packaging\windows\version_resource.py", "build\version.txt")
Invoke-Checked $python @("-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--workpath", "build\pyinstaller",
    "--distpath", "dist", "packaging\headcount.spec")
Invoke-Checked $python @("packaging\components.py", "build\frozen\shipped.json", "dist\headcount\lib")

# The same smoke test as on Linux: the frozen program counts the demo clip as its truth says.
Invoke-Checked $python @("packaging\smoke_test.py", "dist\headcount\headcount.exe")

# Sign here, before the installer is packed, if HEADCOUNT_SIGN holds the thumbprint of a certificate.
if ($env:HEADCOUNT_SIGN) {
    Invoke-Checked signtool (@("sign", "/sha1", $env:HEADCOUNT_SIGN, "/fd", "SHA256", "/tr", "http://timestamp.digicert.com",
        "/td", "SHA256") + (Get-ChildItem dist\headcount\*.exe).FullName)
}
Invoke-Checked makensis @("-V2", "-WX", "-DVERSION=$version", "packaging\windows\headcount.nsi")
$setup = "dist\headcount-$version-windows-x64-setup.exe"
if ($env:HEADCOUNT_SIGN) {
    Invoke-Checked signtool @("sign", "/sha1", $env:HEADCOUNT_SIGN, "/fd", "SHA256", "/tr", "http://timestamp.digicert.com",
        "/td", "SHA256", $setup)
}
Get-Item $setup
