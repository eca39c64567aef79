"""https://learn.microsoft.com/en-us/iis/configuration/system.webserver/staticcontent/mimemap

The types of static files by extension, as IIS comes with them; a file of any other extension is a 404.3.
"""

from __future__ import annotations

_TYPES = """
application/atom+xml: atom
application/envoy: evy
application/font-woff2: woff2
application/fractals: fif
application/hta: hta
application/internet-property-stream: acx
application/java-archive: jar
application/javascript: js
application/json: json
application/mac-binhex40: hqx
application/msaccess: accdb accde accdt
application/msword: doc dot
application/octet-stream: aaf aca afm asd asi bin cab cur deploy dsp exe fla hhk hhp inf java jpb lpk lzh mix msi
 mso ocx pcx pcz pfb pfm prm prx psd psm psp qxd rar sea smi snp thn toc u32 xsn xtp
application/oda: oda
application/olescript: axs
application/onenote: onea onepkg onetmp onetoc onetoc2
application/opensearchdescription+xml: osdx
application/pdf: pdf
application/pkcs10: p10
application/pkcs7-mime: p7c p7m
application/pkcs7-signature: p7s
application/pkix-crl: crl
application/postscript: ai eps ps
application/rss+xml: rss
application/rtf: rtf
application/set-payment-initiation: setpay
application/set-registration-initiation: setreg
application/vnd.android.package-archive: apk
application/vnd.ms-excel: xla xlc xlm xls xlt xlw
application/vnd.ms-excel.addin.macroEnabled.12: xlam
application/vnd.ms-excel.sheet.binary.macroEnabled.12: xlsb
application/vnd.ms-excel.sheet.macroEnabled.12: xlsm
application/vnd.ms-excel.template.macroEnabled.12: xltm
application/vnd.ms-fontobject: eot
application/vnd.ms-office.calx: calx
application/vnd.ms-officetheme: thmx
application/vnd.ms-pki.certstore: sst
application/vnd.ms-pki.pko: pko
application/vnd.ms-powerpoint: pot pps ppt
application/vnd.ms-powerpoint.presentation.macroEnabled.12: pptm
application/vnd.ms-project: mpp
application/vnd.ms-visio.viewer: vdx vsd vss vst vsx vtx
application/vnd.ms-word.document.macroEnabled.12: docm
application/vnd.ms-works: wcm wdb wks wps
application/vnd.ms-xpsdocument: xps
application/vnd.openxmlformats-officedocument.presentationml.presentation: pptx
application/vnd.openxmlformats-officedocument.presentationml.slide: sldx
application/vnd.openxmlformats-officedocument.presentationml.slideshow: ppsx
application/vnd.openxmlformats-officedocument.presentationml.template: potx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet: xlsx
application/vnd.openxmlformats-officedocument.spreadsheetml.template: xltx
application/vnd.openxmlformats-officedocument.wordprocessingml.document: docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template: dotx
application/winhlp: hlp
application/x-cdf: cdf
application/x-compress: z
application/x-compressed: tgz
application/x-cpio: cpio
application/x-csh: csh
application/x-director: dcr dir dxr
application/x-dvi: dvi
application/x-gtar: gtar
application/x-gzip: gz
application/x-hdf: hdf
application/x-internet-signup: ins isp
application/x-iphone: iii
application/x-java-applet: class
application/x-latex: latex
application/x-miva-compiled: mvc
application/x-ms-application: application
application/x-ms-manifest: manifest
application/x-ms-reader: lit
application/x-ms-vsto: vsto
application/x-ms-wmd: wmd
application/x-ms-wmz: wmz
application/x-ms-xbap: xbap
application/x-msaccess: mdb
application/x-mscardfile: crd
application/x-msclip: clp
application/x-msdownload: dll
application/x-msmediaview: m13 m14 mvb
application/x-msmetafile: wmf
application/x-msmoney: mny
application/x-mspublisher: pub
application/x-msschedule: scd
application/x-msterminal: trm
application/x-mswrite: wri
application/x-netcdf: nc
application/x-oleobject: hhc
application/x-perfmon: pma pmc pml pmr pmw
application/x-pkcs12: p12 pfx
application/x-pkcs7-certificates: p7b spc
application/x-pkcs7-certreqresp: p7r
application/x-quicktimeplayer: qtl
application/x-sh: sh
application/x-shar: shar
application/x-shockwave-flash: swf
application/x-silverlight-app: xap
application/x-smaf: mmf
application/x-stuffit: sit
application/x-sv4cpio: sv4cpio
application/x-sv4crc: sv4crc
application/x-tar: tar
application/x-tcl: tcl
application/x-tex: tex
application/x-texinfo: texi texinfo
application/x-troff: roff t tr
application/x-troff-man: man
application/x-troff-me: me
application/x-troff-ms: ms
application/x-ustar: ustar
application/x-wais-source: src
application/x-x509-ca-cert: cer crt der
application/x-zip-compressed: zip
application/xaml+xml: xaml
audio/aac: aac
audio/aiff: aifc aiff
audio/audible: aa
audio/basic: au snd
audio/mid: mid midi rmi
audio/mp4: m4a
audio/mpeg: mp3
audio/ogg: oga
audio/vnd.audible.aax: aax
audio/vnd.dlna.adts: adt adts
audio/wav: wav
audio/x-aiff: aif
audio/x-mpegurl: m3u
audio/x-ms-wax: wax
audio/x-ms-wma: wma
audio/x-pn-realaudio: ra ram
audio/x-smd: smd smx smz
drawing/x-dwf: dwf
font/ttf: ttf
font/otf: otf
font/x-woff: woff
image/bmp: bmp dib
image/cis-cod: cod
image/gif: gif
image/ief: ief
image/jpeg: jpe jpeg jpg
image/pjpeg: jfif
image/png: png pnz
image/svg+xml: svg svgz
image/tiff: tif tiff
image/vnd.ms-photo: wdp
image/vnd.rn-realflash: rf
image/x-cmu-raster: ras
image/x-cmx: cmx
image/x-icon: ico
image/x-jg: art
image/x-portable-anymap: pnm
image/x-portable-bitmap: pbm
image/x-portable-graymap: pgm
image/x-portable-pixmap: ppm
image/x-rgb: rgb
image/x-xbitmap: xbm
image/x-xpixmap: xpm
image/x-xwindowdump: xwd
message/rfc822: eml mht mhtml nws
text/cache-manifest: appcache
text/calendar: ics
text/css: css
text/dlm: dlm
text/h323: 323
text/html: htm html hxt
text/iuls: uls
text/jscript: jsx
text/plain: asm bas c cnf cpp h map txt vcs
text/richtext: rtx
text/scriptlet: sct wsc
text/sgml: sgml
text/tab-separated-values: tsv
text/vbscript: vbs
text/webviewhtml: htt
text/x-component: htc
text/x-hdml: hdml
text/x-ms-odc: odc
text/x-setext: etx
text/x-vcard: vcf
text/xml: disco dtd mno vml wsdl xml xsd xsf xsl xslt
video/3gpp: 3gp 3gpp
video/3gpp2: 3g2 3gp2
video/mp4: mp4 mp4v
video/mpeg: m1v m2v mp2 mpa mpe mpeg mpg mpv2
video/ogg: ogg ogv
video/quicktime: mov qt
video/vnd.dlna.mpeg-tts: ts tts
video/webm: webm
video/x-flv: flv
video/x-ivf: ivf
video/x-la-asf: lsf lsx
video/x-m4v: m4v
video/x-ms-asf: asf asr asx nsc
video/x-ms-wm: wm
video/x-ms-wmp: wmp
video/x-ms-wmv: wmv
video/x-ms-wmx: wmx
video/x-ms-wvx: wvx
video/x-ms-wtv: wtv
video/x-msvideo: avi
video/x-sgi-movie: movie
x-world/x-vrml: flr wrl wrz xaf xof
"""

TYPES = {
    f".{extension}": kind
    for kind, _, extensions in (line.partition(": ") for line in _TYPES.replace("\n ", " ").strip().splitlines())
    for extension in extensions.split()
}
"""Extension, lower case, with its dot → type."""


def type_of(name: str) -> str | None:
    """Return the type of a file, or None."""
    return TYPES.get("." + name.lower().rpartition(".")[2]) if "." in name else None
