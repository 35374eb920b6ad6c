"""Rows of what the bridges keep about the other networks: linked devices, in clear."""

import secrets
import uuid

from .bridge_rows import CONTACTS, Column, Neighbourhood, Table, blob, key43, milliseconds, person, phone, versions


def login_secrets(near: Neighbourhood) -> dict[str, str]:
    """What a bridge's login keeps in clear."""
    if near.bridge == "slack":
        return {
            "email": "alice@comms.example",
            "token": f"xoxc-{secrets.token_hex(20)}",
            "cookie_token": f"xoxd-{secrets.token_urlsafe(60)}",
        }
    return {"phone": phone(1)}


def signal(near: Neighbourhood) -> list[Table]:
    """A linked Signal device."""
    account, other = str(uuid.uuid4()), str(uuid.uuid4())
    mine: dict[str, Column] = {"account_id": account}
    return versions({"signalmeow_version": 27}) + [
        Table(
            "signalmeow_device",
            1,
            {
                "aci_uuid": account,
                "aci_identity_key_pair": blob(69),
                "registration_id": 11873,
                "pni_uuid": other,
                "pni_identity_key_pair": blob(69),
                "pni_registration_id": 402,
                "device_id": 3,
                "number": phone(1),
                "password": secrets.token_urlsafe(24),
                "master_key": blob(32),
                "account_entropy_pool": secrets.token_hex(32),
            },
        ),
        Table(
            "signalmeow_pre_keys",
            100,
            mine | {"service_id": account, "key_id": lambda number: number, "is_signed": False, "key_pair": blob(69)},
        ),
        Table(
            "signalmeow_kyber_pre_keys",
            40,
            mine | {"service_id": account, "key_id": lambda number: number, "key_pair": blob(3300), "is_last_resort": False},
        ),
        Table(
            "signalmeow_identity_keys",
            CONTACTS,
            mine | {"their_service_id": near.contact, "key": blob(33), "trust_level": "TRUSTED_UNVERIFIED"},
        ),
        Table(
            "signalmeow_sessions",
            80,
            mine
            | {
                "service_id": account,
                "their_service_id": near.contact,
                "their_device_id": lambda number: 1 + number // CONTACTS,
                "record": blob(700, 4000),
            },
        ),
        Table(
            "signalmeow_sender_keys",
            30,
            mine
            | {
                "sender_uuid": near.contact,
                "sender_device_id": 1,
                "distribution_id": lambda _: str(uuid.uuid4()),
                "key_record": blob(300, 900),
            },
        ),
        Table("signalmeow_groups", 8, mine | {"group_identifier": key43, "master_key": key43}),
        Table(
            "signalmeow_recipients",
            CONTACTS,
            mine
            | {"aci_uuid": near.contact, "e164_number": phone, "contact_name": person, "profile_key": blob(32), "profile_name": person},
        ),
    ]


def whatsapp(near: Neighbourhood) -> list[Table]:
    """A linked WhatsApp device."""
    jid = "15550100001:7@s.whatsapp.net"
    ours: dict[str, Column] = {"our_jid": jid}
    return versions({"whatsmeow_version": 14}) + [
        Table(
            "whatsmeow_device",
            1,
            {
                "jid": jid,
                "lid": "8812:7@lid",
                "registration_id": 2938475,
                "noise_key": blob(32),
                "identity_key": blob(32),
                "signed_pre_key": blob(32),
                "signed_pre_key_id": 1,
                "signed_pre_key_sig": blob(64),
                "adv_key": blob(32),
                "platform": "android",
                "push_name": "Alice",
            },
        ),
        Table("whatsmeow_identity_keys", CONTACTS, ours | {"their_id": near.contact, "identity": blob(32)}),
        Table("whatsmeow_pre_keys", 100, {"jid": jid, "key_id": lambda number: number, "key": blob(32), "uploaded": True}),
        Table("whatsmeow_sessions", CONTACTS, ours | {"their_id": near.contact, "session": blob(400, 2500)}),
        Table(
            "whatsmeow_sender_keys",
            60,
            ours
            | {
                "chat_id": lambda number: f"group-{number % 8}@g.us",
                "sender_id": lambda number: f"{near.contact(number)}:{number}",
                "sender_key": blob(200, 800),
            },
        ),
        Table(
            "whatsmeow_app_state_sync_keys",
            5,
            {"jid": jid, "key_id": blob(6), "key_data": blob(32), "timestamp": milliseconds, "fingerprint": blob(12)},
        ),
        Table(
            "whatsmeow_message_secrets",
            100,
            ours
            | {"chat_jid": "group-1@g.us", "sender_jid": near.contact, "message_id": lambda number: f"3EB0{number:016X}", "key": blob(32)},
        ),
        Table("whatsmeow_contacts", CONTACTS, ours | {"their_jid": near.contact, "full_name": person, "push_name": person}),
        Table(
            "whatsmeow_lid_map", CONTACTS, {"lid": lambda number: str(8_800_000 + number), "pn": lambda number: phone(number).lstrip("+")}
        ),
    ]


def slack(_near: Neighbourhood) -> list[Table]:
    """A Slack team's emoji."""
    return [
        Table(
            "emoji",
            60,
            {
                "team_id": "T024BE7LD",
                "emoji_id": lambda number: f"party-{number}",
                "value": lambda number: f"https://emoji.invalid/{number}.png",
            },
        )
    ]
