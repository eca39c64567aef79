<#
.SYNOPSIS
Records what this machine's IIS does: golden.json. Run it as administrator; see README.md.

.PARAMETER Module
The probe; 64 bits.

.PARAMETER Output
Where the record goes.

.PARAMETER Port
A free port for the site, which exists only while this runs.
#>
param(
    [string] $Module = (Join-Path $PSScriptRoot '..\..\fixtures\probe.dll'),
    [string] $Output = (Join-Path $PSScriptRoot 'golden.json'),
    [int] $Port = 8765
)

$ErrorActionPreference = 'Stop'
$appcmd = Join-Path $env:windir 'System32\inetsrv\appcmd.exe'
$name = 'IismodProbe'
$folder = Join-Path $env:SystemDrive 'IismodProbe'
$record = Join-Path $folder 'record.jsonl'
$root = Join-Path $folder 'root'

function Invoke-AppCmd {
    & $appcmd @args | Out-Null
    if ($LASTEXITCODE) { throw "appcmd $args ended with $LASTEXITCODE" }
}

function Remove-Probe {
    & $appcmd delete site $name 2>$null | Out-Null
    & $appcmd delete apppool $name 2>$null | Out-Null
    & $appcmd uninstall module $name 2>$null | Out-Null
    # The worker process lets go of the DLL when it has ended.
    foreach ($try in 1..50) {
        if (-not (Test-Path $folder)) { return }
        try { Remove-Item $folder -Recurse -Force; return } catch { Start-Sleep -Milliseconds 200 }
    }
    Write-Warning "$folder could not be removed"
}

function Send-Request($request) {
    $method = if ($request.method) { $request.method } else { 'GET' }
    $arguments = @('--silent', '--output', 'NUL', '--write-out', '%{http_code}', '--max-time', '20')
    $arguments += if ($method -eq 'HEAD') { '--head' } else { @('--request', $method) }
    $arguments += @('--header', "X-Probe: $($request.name)", '--header', 'User-Agent: probe', '--header', 'Accept: */*')
    if ($request.headers) {
        foreach ($header in $request.headers.PSObject.Properties) {
            $arguments += @('--header', "$($header.Name): $($header.Value)")
        }
    }
    if ($request.body) { $arguments += @('--header', 'Content-Type: text/plain', '--data-binary', $request.body) }
    $status = & curl.exe @arguments "http://localhost:$Port$($request.url)"
    [ordered] @{ name = $request.name; status = [int] $status }
}

Remove-Probe
try {
    New-Item $root -ItemType Directory -Force | Out-Null
    Set-Content (Join-Path $root 'hello.txt') 'hello' -NoNewline
    Set-Content (Join-Path $root 'child.txt') 'child' -NoNewline
    Set-Content (Join-Path $root 'index.html') 'index' -NoNewline
    Copy-Item $Module (Join-Path $folder 'probe.dll')

    Invoke-AppCmd add apppool "/name:$name" /managedRuntimeVersion:
    # The variable is set for this pool only: in every other one the module registers nothing.
    Invoke-AppCmd set config '-section:system.applicationHost/applicationPools' `
        "/+[name='$name'].environmentVariables.[name='IISMOD_PROBE_FILE',value='$record']" /commit:apphost
    Invoke-AppCmd add site "/name:$name" "/bindings:http/*:${Port}:localhost" "/physicalPath:$root"
    Invoke-AppCmd set app "$name/" "/applicationPool:$name"
    & icacls $folder /grant "IIS AppPool\${name}:(OI)(CI)M" /grant 'IUSR:(OI)(CI)RX' | Out-Null
    Invoke-AppCmd install module "/name:$name" "/image:$folder\probe.dll" /preCondition:bitness64 /add:false
    Invoke-AppCmd add module "/name:$name" "/app.name:$name/"

    $requests = Get-Content (Join-Path $PSScriptRoot 'requests.json') -Raw | ConvertFrom-Json
    $answers = @(foreach ($request in $requests) { Send-Request $request })
    Invoke-AppCmd stop apppool "/apppool.name:$name"
    foreach ($try in 1..100) {
        if ((& $appcmd list wp "/apppool.name:$name") -eq $null) { break }
        Start-Sleep -Milliseconds 200
    }

    $lines = @(Get-Content $record | ForEach-Object { $_ | ConvertFrom-Json })
    $about = [ordered] @{
        windows = [Environment]::OSVersion.Version.ToString()
        iis     = (Get-Item (Join-Path $env:windir 'System32\inetsrv\iiscore.dll')).VersionInfo.ProductVersion
        root    = $root
        port    = $Port
    }
    [ordered] @{ format = 1; about = $about; answers = $answers; lines = $lines } |
        ConvertTo-Json -Depth 8 | Set-Content $Output -Encoding UTF8
    Write-Host "$($lines.Count) lines of $($requests.Count) requests are in $Output"
}
finally {
    Remove-Probe
}
