//! The logins that wait for a channel, and whose turn it is. No lock and no clock here.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar};

use crate::base::name_case::alike;
use crate::dc::claim::{Claim, Share};

/// How many channels are taken out, by share.
#[derive(Debug)]
pub(super) struct Taken {
    /// How many there may be.
    most: usize,
    ours: usize,
    unnamed: usize,
    elsewhere: usize,
}

impl Taken {
    pub(super) fn none_of(most: usize) -> Self {
        Self {
            most,
            ours: 0,
            unnamed: 0,
            elsewhere: 0,
        }
    }

    /// Whether one more may be taken out.
    ///
    /// Logins that may have to wait for another domain leave room for the others. Those that name a
    /// domain have half of the channels. Together with those that name none they leave one channel
    /// to ours. Each of the two shares has at least one channel, also if there are only two.
    pub(super) fn has_room(&self, share: Share) -> bool {
        let strangers = self.unnamed + self.elsewhere;
        let fits_strangers = strangers < (self.most - 1).max(2);
        let fits_share = match share {
            Share::Ours => true,
            Share::Unnamed => fits_strangers && self.unnamed < (self.most - 1).max(1),
            Share::Elsewhere => fits_strangers && self.elsewhere < (self.most / 2).max(1),
        };
        fits_share && self.ours + strangers < self.most
    }

    /// How many are taken out.
    pub(super) fn count(&self) -> usize {
        self.ours + self.unnamed + self.elsewhere
    }

    pub(super) fn take(&mut self, share: Share) {
        *self.of(share) += 1;
    }

    pub(super) fn give_back(&mut self, share: Share) {
        let count = self.of(share);
        *count = count.saturating_sub(1);
    }

    fn of(&mut self, share: Share) -> &mut usize {
        match share {
            Share::Ours => &mut self.ours,
            Share::Unnamed => &mut self.unnamed,
            Share::Elsewhere => &mut self.elsewhere,
        }
    }
}

/// The waiting logins, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    next_number: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    claim: Claim,
    /// Wakes this login only.
    bell: Arc<Condvar>,
}

/// A place in the queue.
pub(super) struct Place {
    number: u64,
    pub(super) bell: Arc<Condvar>,
}

impl Queue {
    pub(super) fn join(&mut self, claim: &Claim) -> Place {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        let bell = Arc::new(Condvar::new());
        self.waiting.push_back(Waiting {
            number,
            claim: claim.clone(),
            bell: Arc::clone(&bell),
        });
        Place { number, bell }
    }

    pub(super) fn leave(&mut self, place: &Place) {
        self.waiting
            .retain(|waiting| waiting.number != place.number);
    }

    /// How many logins of this share wait.
    pub(super) fn count(&self, share: Share) -> usize {
        let of_share = |waiting: &&Waiting| waiting.claim.share() == share;
        self.waiting.iter().filter(of_share).count()
    }

    /// Whether a channel is free for this place, and no earlier login waits for it.
    pub(super) fn is_turn_of(&self, place: &Place, taken: &Taken) -> bool {
        self.next(taken)
            .is_some_and(|next| next.number == place.number)
    }

    /// Whether a login that has just come need not wait.
    pub(super) fn is_turn_of_newcomer(&self, share: Share, taken: &Taken) -> bool {
        taken.has_room(share) && self.next(taken).is_none()
    }

    /// The first login for which there is room.
    fn next(&self, taken: &Taken) -> Option<&Waiting> {
        let has_room = |waiting: &&Waiting| taken.has_room(waiting.claim.share());
        self.waiting.iter().find(has_room)
    }

    /// Wakes the login whose turn it is. It wakes the next one in turn.
    pub(super) fn ring_next(&self, taken: &Taken) {
        if let Some(next) = self.next(taken) {
            next.bell.notify_one();
        }
    }

    /// Wakes all logins, to be refused.
    pub(super) fn ring_all(&self) {
        for waiting in &self.waiting {
            waiting.bell.notify_one();
        }
    }

    /// Wakes the logins of this domain, to be refused.
    pub(super) fn ring_domain(&self, domain: &str) {
        for waiting in &self.waiting {
            let other = waiting.claim.other_domain();
            if other.is_some_and(|other| alike(other, domain)) {
                waiting.bell.notify_one();
            }
        }
    }

    /// How many logins wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_share_leaves_room_for_the_others() {
        use Share::{Elsewhere, Ours, Unnamed};
        // How many there are; how many of other domains, of none, and of both fit.
        for (most, elsewhere, unnamed, together) in [
            (1, 1, 1, 1),
            (2, 1, 1, 2),
            (3, 1, 2, 2),
            (4, 2, 3, 3),
            (16, 8, 15, 15),
        ] {
            let fit = |shares: &[Share]| {
                let mut taken = Taken::none_of(most);
                let mut count = 0;
                for share in shares {
                    while taken.has_room(*share) {
                        taken.take(*share);
                        count += 1;
                    }
                }
                count
            };
            assert_eq!(fit(&[Ours]), most);
            assert_eq!(fit(&[Elsewhere]), elsewhere, "{most}");
            assert_eq!(fit(&[Unnamed]), unnamed, "{most}");
            assert_eq!(fit(&[Elsewhere, Unnamed]), together, "{most}");
            assert_eq!(fit(&[Unnamed, Elsewhere]), together, "{most}");
            assert_eq!(fit(&[Elsewhere, Unnamed, Ours]), most);
        }
    }

    #[test]
    fn what_is_given_back_is_free() {
        let mut taken = Taken::none_of(2);
        for share in [Share::Elsewhere, Share::Unnamed, Share::Ours] {
            taken.take(share);
            taken.give_back(share);
        }
        taken.take(Share::Ours);
        taken.take(Share::Ours);
        assert!(!taken.has_room(Share::Ours));
        taken.give_back(Share::Ours);
        assert!(taken.has_room(Share::Ours));
    }

    #[test]
    fn the_first_with_room_is_next() {
        let mut queue = Queue::default();
        let mut taken = Taken::none_of(4);
        taken.take(Share::Elsewhere);
        taken.take(Share::Elsewhere);
        let hang = Claim::Elsewhere("HANG".to_owned());
        let (first, second) = (queue.join(&hang), queue.join(&Claim::Ours));
        let third = queue.join(&Claim::Ours);
        assert!(!queue.is_turn_of(&first, &taken));
        assert!(queue.is_turn_of(&second, &taken));
        assert!(!queue.is_turn_of(&third, &taken));
        assert!(!queue.is_turn_of_newcomer(Share::Ours, &taken));
        queue.leave(&second);
        assert!(queue.is_turn_of(&third, &taken));
        taken.give_back(Share::Elsewhere);
        assert!(queue.is_turn_of(&first, &taken));
        queue.leave(&first);
        queue.leave(&third);
        assert!(queue.is_turn_of_newcomer(Share::Elsewhere, &taken));
    }
}
