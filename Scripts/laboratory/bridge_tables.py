"""Rows of a bridge's own tables, of both generations, and of its Matrix state."""

import base64
import json
import secrets
import uuid

from .bridge_networks import login_secrets, signal, slack, whatsapp
from .bridge_rows import CONTACTS, Column, Neighbourhood, Table, blob, key43, milliseconds, moment, person, phone, versions


def tables(near: Neighbourhood) -> list[Table]:
    """All tables of a bridge, in an order that its foreign keys allow."""
    common = versions({"version": 29 if near.bridge != "discord" else 24, "mx_version": 7, "crypto_version": 21}) + matrix(near)
    network = {"signal": signal, "whatsapp": whatsapp, "slack": slack, "discord": discord}[near.bridge](near)
    return common + network if near.bridge == "discord" else common + bridgev2(near) + network


def messages(near: Neighbourhood, count: int) -> Table:
    """The table of bridged messages, whichever generation the bridge is of."""
    return discord_messages(near, count) if near.bridge == "discord" else bridgev2_messages(near, count)


def matrix(near: Neighbourhood) -> list[Table]:
    """What every bridge keeps about Matrix."""
    account = key43()
    return [
        Table("database_owner", 1, {"key": 0, "owner": f"megabridge/mautrix-{near.bridge}"}),
        Table("mx_registrations", CONTACTS, {"user_id": near.ghost}),
        Table(
            "mx_user_profile", CONTACTS, {"room_id": near.portal_room, "user_id": near.ghost, "membership": "join", "displayname": person}
        ),
        Table(
            "mx_room_state",
            1,
            {"room_id": near.portal_room, "power_levels": json.dumps({"users": {near.bot: 100}}), "members_fetched": True},
        ),
        Table(
            "crypto_account",
            1,
            {
                "account_id": account,
                "device_id": f"{near.bridge.upper()}BRIDGE",
                "shared": True,
                "sync_token": "s72594_4483_1934",
                "account": blob(3200),
            },
        ),
        Table(
            "crypto_device",
            CONTACTS,
            {
                "user_id": near.user,
                "device_id": lambda number: f"DEVICE{number:04d}",
                "identity_key": key43,
                "signing_key": key43,
                "trust": 0,
                "deleted": False,
                "name": "Element X",
            },
        ),
        Table("crypto_tracked_user", CONTACTS, {"user_id": near.ghost}),
        Table(
            "crypto_olm_session",
            60,
            {
                "account_id": account,
                "session_id": key43,
                "sender_key": key43,
                "session": blob(500, 1500),
                "created_at": moment,
                "last_decrypted": moment,
                "last_encrypted": moment,
            },
        ),
        Table(
            "crypto_megolm_inbound_session",
            120,
            {
                "account_id": account,
                "session_id": key43,
                "sender_key": key43,
                "signing_key": key43,
                "room_id": near.portal_room,
                "session": blob(380),
                "ratchet_safety": '{"next_index": 12, "missed_indices": null}',
                "received_at": moment,
                "max_messages": 100,
            },
        ),
        Table(
            "crypto_megolm_outbound_session",
            1,
            {
                "account_id": account,
                "room_id": near.portal_room,
                "session_id": key43,
                "session": blob(420),
                "shared": True,
                "max_messages": 100,
                "message_count": 17,
                "max_age": 604800000,
                "created_at": moment,
                "last_used": moment,
            },
        ),
        Table("crypto_megolm_outbound_session_shared", CONTACTS, {"user_id": near.ghost, "identity_key": key43, "session_id": key43}),
        Table("crypto_olm_message_hash", 60, {"account_id": account, "received_at": milliseconds, "message_hash": blob(32)}),
        Table(
            "crypto_message_index",
            100,
            {"sender_key": key43, "session_id": key43, "index": lambda number: number, "event_id": near.event, "timestamp": milliseconds},
        ),
        Table(
            "crypto_cross_signing_keys",
            3,
            {
                "user_id": near.bot,
                "usage": lambda number: ("master", "self_signing", "user_signing")[number],
                "key": key43,
                "first_seen_key": key43,
            },
        ),
        Table(
            "crypto_cross_signing_signatures",
            3,
            {
                "signed_user_id": near.bot,
                "signed_key": key43,
                "signer_user_id": near.bot,
                "signer_key": key43,
                "signature": lambda _: base64.b64encode(secrets.token_bytes(64)).decode(),
            },
        ),
        Table("crypto_secrets", 1, {"account_id": account, "name": "m.megolm_backup.v1", "secret": blob(32)}),
    ]


def bridgev2(near: Neighbourhood) -> list[Table]:
    """The newer bridges' own tables."""
    login = str(uuid.uuid4())
    here: dict[str, Column] = {"bridge_id": ""}
    room: dict[str, Column] = {"room_id": lambda number: f"group-{number % 8}", "room_receiver": ""}
    return [
        Table(
            "user", 1, here | {"mxid": near.user, "management_room": near.portal_room, "access_token": f"syt_{secrets.token_urlsafe(24)}"}
        ),
        Table(
            "user_login",
            1,
            here | {"user_mxid": near.user, "id": login, "remote_name": phone(1), "metadata": json.dumps(login_secrets(near))},
        ),
        Table(
            "portal",
            8,
            here
            | {
                "id": lambda number: f"group-{number}",
                "receiver": "",
                "mxid": lambda number: near.portal_room if number == 0 else f"!{secrets.token_hex(9)}",
                "name": lambda number: f"Group {number}",
                "topic": "",
                "avatar_mxc": "",
                "in_space": False,
                "room_type": "group",
                "metadata": '{"revision": 7}',
            },
        ),
        Table(
            "ghost",
            CONTACTS,
            here
            | {
                "id": near.contact,
                "name": person,
                "avatar_id": "",
                "avatar_mxc": "",
                "name_set": True,
                "is_bot": False,
                "identifiers": lambda number: json.dumps([f"tel:{phone(number)}"]),
                "metadata": "{}",
            },
        ),
        bridgev2_messages(near, near.messages),
        Table(
            "reaction",
            30,
            here
            | room
            | {
                "message_id": lambda number: f"m{number}",
                "message_part_id": "",
                "sender_id": near.contact,
                "emoji_id": "",
                "mxid": lambda _: f"${secrets.token_urlsafe(32)}",
                "timestamp": milliseconds,
                "emoji": lambda number: "👍❤🎉😮"[number % 4],
            },
        ),
        Table(
            "user_portal",
            8,
            here
            | {
                "user_mxid": near.user,
                "login_id": login,
                "portal_id": lambda number: f"group-{number}",
                "portal_receiver": "",
                "in_space": True,
                "preferred": False,
                "last_read": milliseconds,
            },
        ),
        Table(
            "disappearing_message",
            12,
            here
            | {
                "mx_room": near.portal_room,
                "mxid": near.event,
                "timestamp": milliseconds,
                "type": "after_read",
                "timer": 604_800_000_000_000,
                "disappear_at": lambda number: milliseconds(number) + 604_800_000 if number % 3 else None,
            },
        ),
        Table(
            "backfill_task",
            8,
            here
            | {
                "portal_id": lambda number: f"group-{number}",
                "portal_receiver": "",
                "user_login_id": login,
                "batch_count": lambda number: number,
                "is_done": lambda number: number % 2 == 0,
                "oldest_message_id": lambda number: f"m{number}",
                "dispatched_at": milliseconds,
                "completed_at": milliseconds,
                "next_dispatch_min_ts": milliseconds,
            },
        ),
        Table(
            "public_media",
            6,
            here
            | {
                "public_id": lambda _: secrets.token_urlsafe(16),
                "mxc": lambda _: f"mxc://comms.example/{secrets.token_hex(12)}",
                "keys": lambda _: json.dumps({"key": {"k": key43()}, "iv": key43()[:22], "hashes": {"sha256": key43()}}),
                "mimetype": "image/jpeg",
            },
        ),
        Table(
            "kv_store",
            2,
            here
            | {
                "key": lambda number: ("recovery_key", "bridge_info_version")[number],
                "value": lambda number: ("EsTc " + secrets.token_urlsafe(36), "1,0")[number],
            },
        ),
    ]


def bridgev2_messages(near: Neighbourhood, count: int) -> Table:
    """Bridged messages; `writing` adds more of them later."""
    return Table(
        "message",
        count,
        {
            "bridge_id": "",
            "id": lambda number: f"m{number}",
            "part_id": "",
            "mxid": near.event,
            "room_id": lambda number: f"group-{number % 8}",
            "room_receiver": "",
            "sender_id": near.contact,
            "sender_mxid": near.ghost,
            "timestamp": milliseconds,
            "edit_count": 0,
            "metadata": "{}",
        },
    )


def discord(near: Neighbourhood) -> list[Table]:
    """The old generation's tables."""
    return [
        Table("guild", 1, {"dcid": "4711", "plain_name": "Workshop", "name": "Workshop", "bridging_mode": 2}),
        Table(
            "portal",
            8,
            {
                "dcid": lambda number: str(900_000 + number),
                "receiver": "",
                "type": 0,
                "dc_guild_id": "4711",
                "mxid": lambda number: near.portal_room if number == 0 else f"!{secrets.token_hex(9)}",
                "plain_name": "general",
                "name": "#general",
                "topic": "",
                "encrypted": True,
                "first_event_id": "",
            },
        ),
        Table("puppet", CONTACTS, {"id": near.contact, "name": person, "avatar": "", "is_bot": False}),
        Table(
            "user",
            1,
            {"mxid": near.user, "dcid": "1234567890", "discord_token": secrets.token_urlsafe(52), "management_room": near.portal_room},
        ),
        discord_messages(near, near.messages),
        Table(
            "discord_file",
            50,
            {
                "url": lambda number: f"https://cdn.invalid/{number}",
                "encrypted": True,
                "mxc": lambda _: f"mxc://comms.example/{secrets.token_hex(12)}",
                "size": lambda number: 1000 * number,
                "mime_type": "image/png",
                "decryption_info": lambda _: json.dumps({"key": {"k": key43()}}),
                "timestamp": milliseconds,
            },
        ),
    ]


def discord_messages(near: Neighbourhood, count: int) -> Table:
    """Bridged messages of the old generation."""
    return Table(
        "message",
        count,
        {
            "dcid": lambda number: str(77_000_000 + number),
            "dc_attachment_id": "",
            "dc_chan_id": lambda number: str(900_000 + number % 8),
            "dc_chan_receiver": "",
            "dc_sender": near.contact,
            "timestamp": milliseconds,
            "mxid": near.event,
        },
    )
