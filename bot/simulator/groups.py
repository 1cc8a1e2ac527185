"""What happens to groups: made, joined, left, muted, upgraded, split into topics."""

from collections.abc import Iterable

from bot.simulator import chats, model, objects, people, posting, refusals


class Groups(people.People):
    """The life of groups; mixed into the simulator."""

    def add_group(
        self,
        title: str,
        members: Iterable[model.User] = (),
        *,
        supergroup: bool = False,
        owner: model.User | None = None,
    ) -> model.Chat:
        """Make a group; its owner is the one given, else its first member."""
        members = list(members)
        ids = self.world.supergroup_ids if supergroup else self.world.group_ids
        kind = model.Kind.SUPERGROUP if supergroup else model.Kind.GROUP
        group = model.Chat(id=next(ids), kind=kind, title=title)
        group.members = {member.id: model.Status.MEMBER for member in members}
        owner = owner or next(iter(members), None)
        if owner is not None:
            group.members[owner.id] = model.Status.CREATOR
        self.world.groups[group.id] = group
        return group

    def add_channel(self, title: str, owner: model.User) -> model.Chat:
        """Make a channel."""
        channel = model.Chat(id=next(self.world.supergroup_ids), kind=model.Kind.CHANNEL, title=title)
        channel.members = {owner.id: model.Status.CREATOR}
        self.world.groups[channel.id] = channel
        return channel

    def add_bot_to(self, group: model.Chat, by: model.User, *, bot: model.Bot | None = None) -> None:
        """Add the bot by hand: no payload reaches it. In a channel it becomes administrator."""
        self._check_inside(by, group)
        bot = bot or self.bot
        if group.status(bot).inside:
            raise refusals.Impossible(f"{bot.name} is in {group} already")
        if group.kind is model.Kind.CHANNEL:
            posting.move(self.world, group, bot, model.Status.ADMINISTRATOR, by=by)
            return
        posting.move(self.world, group, bot, model.Status.MEMBER, by=by)
        posting.say(self.world, group, by, new_chat_members=[objects.user(bot)])

    def start_group(
        self, user: model.User, group: model.Chat, payload: str | None = None, *, bot: model.Bot | None = None
    ) -> model.Message:
        """Follow a startgroup link: the bot is added unless it is in, and the payload is said aloud."""
        people.check_payload(payload)
        bot = bot or self.bot
        if not group.status(bot).inside:
            self.add_bot_to(group, user, bot=bot)
        return self.send(user, group, f"/start@{bot.username}" + (f" {payload}" if payload else ""))

    def join(self, group: model.Chat, user: model.User, *, by: model.User | None = None) -> None:
        """Bring a person in."""
        posting.move(self.world, group, user, model.Status.MEMBER, by=by or user)
        posting.say(self.world, group, by or user, new_chat_members=[objects.user(user)])

    def leave(self, group: model.Chat, user: model.User) -> None:
        """Let a person leave."""
        self._check_inside(user, group)
        posting.say(self.world, group, user, left_chat_member=objects.user(user))
        posting.move(self.world, group, user, model.Status.LEFT, by=user)

    def kick(
        self, group: model.Chat, by: model.User | None = None, *, user: model.User | None = None
    ) -> None:
        """Put the bot (or a person) out of the group."""
        gone, by = user or self.bot, by or self._owner(group)
        posting.move(self.world, group, gone, model.Status.KICKED, by=by)
        posting.say(self.world, group, by, left_chat_member=objects.user(gone))

    def remove_group(self, group: model.Chat) -> None:
        """Delete the group for everyone."""
        group.deleted = True
        posting.move(self.world, group, self.bot, model.Status.LEFT, by=self._owner(group))

    def mute(self, group: model.Chat) -> None:
        """Take the bot's right to write: it alone in a supergroup, all members in a basic group."""
        if group.kind is model.Kind.SUPERGROUP:
            posting.move(self.world, group, self.bot, model.Status.RESTRICTED, by=self._owner(group))
        group.muted = group.kind is model.Kind.GROUP

    def unmute(self, group: model.Chat) -> None:
        """Give the right to write back."""
        group.muted = False
        if group.status(self.bot) is model.Status.RESTRICTED:
            posting.move(self.world, group, self.bot, model.Status.MEMBER, by=self._owner(group))

    def promote(self, group: model.Chat, user: model.User | None = None) -> None:
        """Make the bot (or a person) administrator; privacy mode no longer counts for such a bot."""
        account = user or self.bot
        posting.move(self.world, group, account, model.Status.ADMINISTRATOR, by=self._owner(group))

    def demote(self, group: model.Chat, user: model.User | None = None) -> None:
        """Make an administrator an ordinary member again."""
        posting.move(self.world, group, user or self.bot, model.Status.MEMBER, by=self._owner(group))

    def rename(self, group: model.Chat, title: str, by: model.User | None = None) -> None:
        """Give the group another title."""
        group.title = title
        posting.say(self.world, group, by or self._owner(group), new_chat_title=title)

    def upgrade(self, group: model.Chat, *, announce: bool = True) -> model.Chat:
        """Turn a basic group into a supergroup, which has another id and no messages yet.

        Args:
            group: The basic group; what was sent there stays there.
            announce: False loses both service messages, as an outage would.

        Returns:
            The supergroup.
        """
        if group.kind is not model.Kind.GROUP or group.migrated_to is not None:
            raise refusals.Impossible(f"{group} cannot be upgraded")
        new = model.Chat(id=next(self.world.supergroup_ids), kind=model.Kind.SUPERGROUP, title=group.title)
        new.members, new.migrated_from, group.migrated_to = dict(group.members), group, new
        new.muted = group.muted
        self.world.groups[new.id] = new
        if announce:
            by = self._owner(group)
            posting.say(self.world, group, by, migrate_to_chat_id=new.id)
            posting.say(self.world, new, by, migrate_from_chat_id=group.id)
        return new

    # ── forums ───────────────────────────────────────────────────────────────────────────────────────

    def make_forum(self, group: model.Chat) -> None:
        """Split a supergroup into topics."""
        if group.kind is not model.Kind.SUPERGROUP:
            raise refusals.Impossible("only a supergroup can be a forum")
        group.is_forum = True

    def add_topic(self, group: model.Chat, name: str, by: model.User | None = None) -> model.Topic:
        """Open a topic in a forum."""
        if not group.is_forum:
            raise refusals.Impossible(f"{group} is no forum")
        return chats.open_topic(self.world, group, by or self._owner(group), name)

    def close_topic(self, group: model.Chat, topic: model.Topic) -> None:
        """Close a topic: nobody but administrators writes there."""
        topic.closed = True
        posting.say(self.world, group, self._owner(group), forum_topic_closed={}, thread_id=topic.id)

    def reopen_topic(self, group: model.Chat, topic: model.Topic) -> None:
        """Open a closed topic again."""
        topic.closed = False
        posting.say(self.world, group, self._owner(group), forum_topic_reopened={}, thread_id=topic.id)

    def delete_topic(self, group: model.Chat, topic: model.Topic) -> None:
        """Delete a topic with all that was said in it."""
        topic.deleted = True
        for message in group.messages.values():
            if message.thread_id == topic.id and not message.deleted:
                posting.delete(self.world, message)

    def _owner(self, group: model.Chat) -> model.User:
        for account_id, status in group.members.items():
            if status is model.Status.CREATOR:
                return self.world.users[account_id]
        raise refusals.Impossible(f"{group} has no owner")
