#!/bin/sh
# Klimatväxlingen i Exempelstad, en påhittad kommun: från resefiler till avgift per enhet. Böckerna hamnar i .demo/.
set -eu
cd "$(dirname "$0")/.."
export KLIMATVAXLING_DATABASE_URL=sqlite:///.demo/exempelstad.db
export KLIMATVAXLING_LANGUAGE=sv
mkdir -p .demo
rm -rf .demo/overlamning
rm -f .demo/exempelstad.db .demo/exempelstad.db-journal .demo/kvitton.txt .demo/*.rejected.xlsx demo/resor/*.rejected.xlsx

rubrik() {
    printf '\n\n== %s\n' "$1"
}

# Visar ett kommando och kör det; blir returkoden en annan än väntat ($1, förval 0) avbryts demon.
kor() {
    vantad=0
    case $1 in [0-9]) vantad=$1; shift ;; esac
    printf '\n$ %s\n' "$1"
    kod=0
    eval "$1" || kod=$?
    if [ "$kod" -ne "$vantad" ]; then
        printf '\nDEMON AVBRYTS: kommandot gav returkod %s, väntat var %s.\n' "$kod" "$vantad" >&2
        exit 1
    fi
}

rubrik 'Böckerna läggs upp. Exempelstad, dess bolag, personer och resor är påhittade.'
kor 'klimatvaxling init --organisation "Exempelstad (påhittad)" --org-number 212000-0001'
kor 'klimatvaxling unit load demo/enheter.csv'
kor 'klimatvaxling unit list'

rubrik 'Den första månaden, fil för fil: först en titt, sedan en förhandsvisning, sedan på riktigt.'
kor 'klimatvaxling source test milersattning demo/resor/2024-07-milersattning.csv'
kor 'klimatvaxling import demo/resor/2024-07-milersattning.csv --source milersattning --dry-run'
kor 'klimatvaxling import demo/resor/2024-07-milersattning.csv --source milersattning'
kor 'klimatvaxling import demo/resor/2024-07-resebyra.csv --source resebyra'
kor 'klimatvaxling import demo/resor/2024-07-standard.csv --source standard'

rubrik 'Resten av arton månader. Kvittona sparas i .demo/kvitton.txt.'
for period in '2024-0[89]' '2024-1?' '2025-??'; do
    for kalla in milersattning resebyra standard; do
        kor "klimatvaxling import demo/resor/$period-$kalla.* --source $kalla >> .demo/kvitton.txt"
    done
done

rubrik 'Samma fil en gång till: inget bokförs två gånger.'
kor 'klimatvaxling import demo/resor/2025-12-standard.csv --source standard'

rubrik 'En fil med fel avvisas hel (returkod 3). Raderna med fel skrivs till en arbetsbok, där de rättas.'
kor 3 'klimatvaxling import demo/fel/2025-12-taxi.csv --source standard --rejected-to .demo'

rubrik 'Fler leverantörer. Fordonsregistret säger vems bilen är; tankkort, körjournal och bilpool kan gälla samma körning, och en av dem avgiftsbeläggs.'
kor 'klimatvaxling vehicle load demo/fordon.csv'
kor 'klimatvaxling policy set vehicle_source tankkort --decision "KS 2025 § 210" --from 2025-01-01'
kor 'klimatvaxling import imports/tankkort/exempel.csv --source tankkort --booked-on 2026-01-15'
kor 'klimatvaxling import imports/korjournal/exempel.xlsx --source korjournal --booked-on 2026-01-15'
kor 'klimatvaxling import imports/poolbil/exempel.csv --source poolbil --booked-on 2026-01-15'
for kalla in hyrbil taxi resebyra_delresor; do
    kor "klimatvaxling import imports/$kalla/exempel.csv --source $kalla --booked-on 2026-01-15 >> .demo/kvitton.txt"
done

rubrik 'Vad varje förvaltning och bolag har betalat.'
kor 'klimatvaxling balance --as-of 2025-12-31'

rubrik 'Grundbok för en enhet och en månad, och en av verifikationerna.'
kor 'klimatvaxling journal --period 2025-12 --unit SBF'
kor 'klimatvaxling voucher show A2024-12'

rubrik 'En enhet använder sina egna medel till en åtgärd. Äldsta avgiften används först, och den ska användas inom ett år.'
kor 'klimatvaxling measure add --unit VOF --amount 5000 --title "Elcyklar till hemtjänsten" --focus-area resor --co2-reduction-kg 1200 --reference "Faktura 88123" --booked-on 2026-01-16'
kor 'klimatvaxling statement --unit VOF --year 2026 --as-of 2026-01-31'

rubrik 'Det som inte används i tid går till den gemensamma fonden: först en förhandsvisning, sedan på riktigt.'
kor 'klimatvaxling expiring --within 30 --as-of 2026-03-31 --unit SBF'
kor 'klimatvaxling sweep --as-of 2026-03-31 --dry-run > .demo/till-fonden.txt'
kor 'klimatvaxling sweep --as-of 2026-03-31 --format csv | head -5'

rubrik 'Förvaltningar söker bidrag ur fonden. Det som beviljas reserveras, och fonden kan inte lova mer än den har.'
kor 'klimatvaxling fund appropriate --amount 20000 --decision "KF 2025-11-20 § 212" --booked-on 2026-04-01'
kor 'klimatvaxling grant apply --unit TEK --title "Laddstolpar vid förrådet" --amount 60000 --total-cost 90000 --co2-reduction-kg 4000 --lifetime-years 10 --registration-number "KS 2026/14" --booked-on 2026-04-07'
kor 'klimatvaxling grant apply --unit SOC --title "Bilpool i stället för egna bilar" --amount 25000 --total-cost 30000 --co2-reduction-kg 3000 --lifetime-years 5 --booked-on 2026-04-09'
kor 'klimatvaxling grant rank --as-of 2026-04-30'
kor 'klimatvaxling grant approve 1 --amount 60000 --decision "MN 2026-05-12 § 8" --report-by 2026-10-31 --booked-on 2026-05-12'
kor 4 'klimatvaxling grant approve 2 --amount 25000 --decision "MN 2026-05-12 § 9" --booked-on 2026-05-12'
kor 'klimatvaxling grant pay 1 --amount 60000 --booked-on 2026-06-01'
kor 'klimatvaxling grant report 1 --used 57500 --actual-cost 87500 --co2-reduction-kg 3900 --booked-on 2026-10-15'
kor 'klimatvaxling grant show 1'
kor 'klimatvaxling fund --as-of 2026-10-31 --year 2026'

rubrik 'Till ekonomisystemet: kommunens egna konton, och allt till och med december, en gång.'
kor 'klimatvaxling coding load demo/kontering.toml'
kor 'klimatvaxling handover run --period 2025-12 --to .demo/overlamning'
kor 'klimatvaxling handover run --period 2025-12 --to .demo/overlamning'

rubrik 'Stämmer allt?'
kor 'klimatvaxling check'

printf '\nBöckerna finns i .demo/exempelstad.db. Egna frågor ställs så här, från den här mappen:\n'
printf '  export KLIMATVAXLING_DATABASE_URL=%s\n  klimatvaxling --help\n' "$KLIMATVAXLING_DATABASE_URL"
