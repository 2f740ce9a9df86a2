"""What exports call the columns of the contract: English, German, French, Spanish, Italian, and SAP's field names.

The first names of a list are the surest. Case, accents, blanks and punctuation do not count.
"""

from __future__ import annotations

import re
import unicodedata


def tokens(text: str) -> tuple[str, ...]:
    """Words of a header in lower case without accents; ``InvoiceDate`` is two words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("ß", "ss")
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(sign))
    # German exports write ae for ä as often as not
    return tuple(re.sub("([aou])e", r"\1", word) for word in re.findall("[a-z0-9]+", plain.lower()))


_CUSTOMER = """customer id|customer number|customer no|customer code|cust number|cust no|cust id|account number
 |account no|account id|client id|client number|debtor number|debtor id|debtor no|buyer id|bill to customer
 |partner id|card code|kundennummer|kundennr|kunden nr|kd nr|debitorennummer|debitornummer|debitorennr|debitor
 |debitorenkonto|numero client|no client|n client|code client|compte client|compte tiers|id client|codigo cliente
 |id cliente|codice cliente|klantnummer|KUNNR|customer|client|account|debtor|kunde|cliente|konto"""
_INVOICE = """invoice id|invoice number|invoice no|invoice nr|invoice num|invoice|invoice reference|document number
 |document no|doc id|doc number|doc no|bill number|bill no|rechnungsnummer|rechnungsnr|rechnung nr|rechnung|re nr
 |numero de facture|numero facture|no facture|n facture|num facture|id facture|facture|numero de factura|no factura
 |n factura|id factura|factura|numero fattura|fattura|factuurnummer|trx number|VBELN|XBLNR|BELNR|belegnummer
 |beleg nr|belegnr|numero de piece|numero piece|n piece|voucher no|reference|reference number|order number|order id"""
_CURRENCY = """currency|currency code|invoice currency|document currency|doc currency|curr|ccy|wahrung|wahrungscode
 |wkz|belegwahrung|devise|monnaie|moneda|divisa|valuta|WAERS"""
_ENTITY = """entity|legal entity|company code|business code|business unit|buchungskreis|mandant|societe|entite
 |sociedad|BUKRS"""
_RECORDED = """recorded on|recorded date|entry date|entered on|posted on|erfassungsdatum|erfasst am|date de saisie
 |date saisie|CPUDT"""

HEADERS: dict[str, dict[str, str]] = {
    "invoices": {
        "invoice_id": _INVOICE,
        "customer_id": _CUSTOMER,
        "issued_on": """issued on|invoice date|invoiced on|issue date|date of invoice|billing date|bill date
         |inv date|trx date|rechnungsdatum|re datum|rechnung datum|fakturadatum|ausstellungsdatum|date de facture
         |date facture|date facturation|date de facturation|date d emission|date emission|fecha factura
         |fecha de factura|fecha de emision|data fattura|factuurdatum|FKDAT|document date|doc date|belegdatum
         |date piece|BLDAT|posting date|baseline date|baseline create date|document create date|buchungsdatum
         |shipped date|ship date|order date|BUDAT|ZFBDT|date|datum|fecha|data""",
        "due_on": """due on|due date|due in date|payment due date|payment due|net due date|due|maturity date
         |maturity|pay by|falligkeitsdatum|falligkeit|fallig am|fallig|nettofalligkeit|zahlbar bis|date d echeance
         |date echeance|echeance|fecha de vencimiento|fecha vencimiento|vencimiento|data scadenza|scadenza
         |vervaldatum|NETDT|FAEDT|DUEDT""",
        "amount": """amount|invoice amount|gross amount|invoice total|total amount|invoice value|amount due|total
         |total open amount|open amount|outstanding amount|rechnungsbetrag|bruttobetrag|betrag brutto|brutto|betrag
         |endbetrag|offener betrag|montant ttc|total ttc|ttc|montant facture|montant|importe total|importe|importo
         |totale|bedrag|value|WRBTR|DMBTR|balance|NETWR""",
        "currency": _CURRENCY,
        "entity": _ENTITY,
        "channel": """channel|invoice channel|delivery method|sending method|send method|paperless bill|dispatch
         |versandart|versandweg|rechnungsversand|mode d envoi|canal""",
        "delivered_on": """delivered on|delivery date|shipped date|ship date|goods issue date|lieferdatum
         |leistungsdatum|date de livraison|date livraison|fecha entrega|WADAT""",
        "recorded_on": _RECORDED,
        "paid_on": """paid on|payment date|paid date|date paid|settled date|settled on|settlement date|clearing date
         |clear date|cleared on|zahlungsdatum|bezahlt am|ausgleichsdatum|ausgleich|zahldatum|zahlungseingang
         |date de paiement|date paiement|date de reglement|date reglement|paye le|fecha de pago|fecha pago
         |data pagamento|betaaldatum|AUGDT""",
        "paid_amount": """paid amount|amount paid|payment amount|settled amount|received amount|bezahlter betrag
         |bezahlt|zahlbetrag|montant paye|montant regle|importe pagado""",
        "disputed": """disputed|is disputed|in dispute|dispute|dispute flag|dispute case|strittig|reklamiert
         |reklamation|bestritten|beanstandet|en litige|litige|conteste|en disputa""",
    },
    "entries": {
        "entry_id": """entry id|entry number|payment id|payment number|payment no|receipt number|receipt no
         |receipt id|check number|cheque number|transaction id|transaction number|booking id|journal id|line id
         |zahlungsnummer|zahlungsnr|buchungsnummer|numero de paiement|numero paiement|id paiement|id pago|AUGBL
         |document number|doc no|belegnummer|belegnr|numero piece|BELNR|reference|id""",
        "booked_on": """booked on|booking date|payment date|value date|receipt date|transaction date|paid on
         |paid date|posting date|zahlungsdatum|wertstellung|valutadatum|valuta|eingangsdatum|zahlungseingang
         |buchungsdatum|date de paiement|date paiement|date de reglement|date reglement|date valeur|date comptable
         |fecha de pago|fecha pago|BUDAT|VALUT|AUGDT|belegdatum|entry date|date|datum|fecha|data|BLDAT""",
        "amount": """amount|payment amount|amount paid|paid amount|amount received|received amount|zahlungsbetrag
         |zahlbetrag|betrag|montant paye|montant regle|montant|importe|importo|value|WRBTR|DMBTR|total""",
        "kind": """kind|entry type|entry kind|transaction type|type|document type|doc type|buchungsart|vorgang
         |belegart|art|type de mouvement|nature|tipo|BLART""",
        "invoice_id": f"{_INVOICE}|applied to|zuordnung|REBZG|ZUONR",
        "customer_id": _CUSTOMER,
        "currency": _CURRENCY,
        "entity": _ENTITY,
        "method": """method|payment method|means of payment|zahlungsart|zahlweg|zahlungsweg|mode de paiement
         |moyen de paiement|mode de reglement|forma de pago|ZLSCH""",
        "recorded_on": """recorded on|recorded date|entry date|entered on|erfassungsdatum|date de saisie|date saisie
         |CPUDT""",
    },
    "customers": {
        "customer_id": f"{_CUSTOMER}|id",
        "name": """name|customer name|name customer|company name|client name|account name|debtor name|kundenname
         |name 1|firmenname|firma|debitorname|nom client|nom|raison sociale|nombre cliente|nombre|razon social
         |ragione sociale|nome|naam|NAME1|company|customer|client|kunde|cliente""",
        "parent_id": """parent id|parent|parent customer|group id|head office|konzernnummer|konzern|konzernmutter
         |zentrale|groupe|maison mere|KONZS""",
        "segment": """segment|customer segment|customer group|customer class|kundengruppe|kundenklasse|groupe client
         |segmento|KDGRP""",
        "industry": "industry|sector|branche|wirtschaftszweig|secteur|secteur d activite|nace|naics|sic|BRSCH",
        "country": "country|country code|land|landercode|landerschlussel|pays|pais|paese|LAND1",
        "size": "size|size class|company size|grossenklasse|grosse|mitarbeiter|employees|taille|effectif|tamano",
        "onboarded_on": """onboarded on|customer since|client since|created on|kunde seit|angelegt am|anlagedatum
         |client depuis|date creation|cliente desde|ERDAT""",
    },
    "limits": {
        "customer_id": _CUSTOMER,
        "valid_from": """valid from|effective from|effective date|start date|from|gultig ab|gultig von|ab|valable du
         |date effet|date d effet|valido desde|DATAB""",
        "credit_limit": """credit limit|limit|insured limit|kreditlimit|limite de credit|encours autorise
         |limite de credito|fido|KLIMK""",
        "terms_days": """terms days|payment terms days|net days|terms|zahlungsziel tage|zahlungsziel
         |delai de paiement|plazo""",
        "reviewed_on": "reviewed on|review date|last review|gepruft am|pruefdatum|date de revision",
    },
    "ratings": {
        "customer_id": _CUSTOMER,
        "provider": "provider|agency|bureau|source|auskunftei|anbieter|agence",
        "rated_on": "rated on|rating date|score date|ratingdatum|bewertungsdatum|date de notation|date|datum",
        "recorded_on": "recorded on|received on|entry date|erfasst am|date de reception",
        "score": "score|rating score|index|bonitatsindex|punkte|note",
        "grade": "grade|rating|bonitatsklasse|ratingklasse|cote",
    },
    "disputes": {
        "dispute_id": """dispute id|dispute number|case id|case number|claim id|claim number|reklamationsnummer
         |fallnummer""",
        "invoice_id": _INVOICE,
        "opened_on": """opened on|open date|raised on|dispute date|created on|eroffnet am|reklamiert am|ouvert le
         |date ouverture|date|datum""",
        "closed_on": """closed on|close date|resolved on|resolution date|erledigt am|geschlossen am|clos le
         |date cloture""",
        "reason": "reason|reason code|dispute reason|category|cause|grund|reklamationsgrund|motif|motivo|RSTGR",
        "amount": """amount|disputed amount|dispute amount|strittiger betrag|montant litige|montant conteste|betrag
         |montant""",
        "outcome": "outcome|result|resolution|decision|status|ergebnis|issue|resultat",
    },
    "contacts": {
        "contact_id": "contact id|activity id|call id|reminder id|dunning id|kontaktnummer|mahnnummer|id",
        "customer_id": _CUSTOMER,
        "invoice_id": _INVOICE,
        "made_on": """made on|contact date|call date|reminder date|dunning date|kontaktdatum|mahndatum
         |date de relance|date relance|date contact|date|datum|MADAT""",
        "channel": "channel|contact channel|medium|kanal|canal",
        "kind": "kind|contact type|activity type|dunning level|reminder level|type|mahnstufe|niveau de relance|MAHNS",
        "reached": "reached|contacted|answered|erreicht|joint",
        "promised_on": "promised on|promise date|promise to pay date|ptp date|zugesagt zum|zusage bis|date promise",
        "promised_amount": "promised amount|promise amount|ptp amount|zugesagter betrag|montant promis",
    },
    "tickets": {
        "ticket_id": "ticket id|ticket number|ticket no|ticket|ticketnummer|numero ticket",
        "customer_id": _CUSTOMER,
        "opened_at": "opened at|created at|open time|opened|created|eroffnet am|erstellt am|ouvert le|date creation",
        "first_reply_at": "first reply at|first response at|first response|erste antwort|premiere reponse",
        "resolved_at": "resolved at|closed at|solved at|resolved|gelost am|geschlossen am|resolu le",
        "category": "category|ticket type|subject|type|kategorie|categorie",
        "channel": "channel|medium|kanal|canal",
        "csat": "csat|satisfaction|customer satisfaction|zufriedenheit",
    },
    "orders": {
        "order_id": """order id|order number|order no|sales order|auftragsnummer|auftragsnr|bestellnummer
         |numero de commande|numero commande|no commande|commande|numero pedido|pedido|AUBEL|VBELN""",
        "customer_id": _CUSTOMER,
        "ordered_on": """ordered on|order date|auftragsdatum|bestelldatum|date de commande|date commande
         |fecha pedido|AUDAT""",
        "delivered_on": """delivered on|delivery date|shipped date|ship date|lieferdatum|date de livraison
         |fecha entrega|WADAT""",
        "invoice_id": "invoice id|invoice number|invoice no|rechnungsnummer|rechnungsnr|numero de facture|no factura",
        "amount": "amount|order amount|order value|total|net value|auftragswert|auftragssumme|montant|importe|NETWR",
    },
    "fx_rates": {
        "currency": f"{_CURRENCY}|from currency",
        "on": "on|rate date|valid from|kursdatum|date|datum|fecha|GDATU",
        "rate": "rate|exchange rate|fx rate|kurs|wechselkurs|taux de change|taux|cours|tasa|UKURS",
    },
    "control": {
        "entity": _ENTITY,
        "on": "on|balance date|period end|period|stichtag|periode|date|datum|fecha",
        "balance": "balance|closing balance|gl balance|control balance|saldo|endsaldo|solde|saldo contable",
    },
}

# Words in the name of a file, sheet or table that tell what it holds.
FILE_WORDS: dict[str, str] = {
    "invoices": """invoice|invoices|bills|open items|open item|receivable|receivables|rechnung|rechnungen
     |offene posten|facture|factures|facturas|fatture|bsid|vbrk""",
    "entries": """payment|payments|receipts|cash|entries|bookings|zahlung|zahlungen|buchungen|paiement|paiements
     |reglements|pagos|bsad""",
    "customers": "customer|customers|client|clients|debtors|kunden|debitoren|clientes|kna1",
    "limits": "limits|credit limits|kreditlimits|limites|knkk",
    "ratings": "rating|ratings|scores|bonitat",
    "disputes": "dispute|disputes|claims|reklamationen|litiges",
    "contacts": "contacts|reminders|dunning|calls|mahnungen|relances",
    "tickets": "ticket|tickets|support",
    "orders": "order|orders|auftrage|bestellungen|commandes|pedidos|vbak",
    "fx_rates": "fx|rates|exchange rates|kurse|wechselkurse|taux",
    "control": "control|general ledger|hauptbuch|grand livre",
}


def _by_label(meanings: dict[str, str]) -> dict[str, str]:
    return {" ".join(tokens(label)): meaning for meaning, labels in meanings.items() for label in labels.split("|")}


# The words of a flag; those of a dispute tell how it ended, so there was one.
FLAG_LABELS = _by_label(
    {
        "yes": "yes|y|true|t|1|x|ja|j|oui|o|si|wahr|vrai|disputed|in dispute|won|lost|strittig|litige",
        "no": "no|n|false|f|0|nein|non|falsch|faux|not disputed|undisputed|none|unstrittig|sans litige",
    }
)

KIND_LABELS = _by_label(
    {
        "payment": "payment|payments|receipt|cash|zahlung|zahlungseingang|paiement|reglement|pago|pagamento|dz",
        "credit_note": "credit note|credit memo|credit|gutschrift|avoir|abono|nota di credito|dg",
        "write_off": "write off|writeoff|bad debt|ausbuchung|abschreibung|forderungsausfall|perte|incobrable",
        "discount": "discount|cash discount|skonto|escompte|descuento|sconto",
        "reversal": "reversal|reversed|chargeback|storno|rucklastschrift|extourne|contrepassation",
        "recovery": "recovery|recoveries|recouvrement|eingang auf abgeschriebene",
    }
)


def label_of(value: str, labels: dict[str, str]) -> str | None:
    """What a label of an export means, by the words it is made of; None where they are not known."""
    return labels.get(" ".join(tokens(value)))
