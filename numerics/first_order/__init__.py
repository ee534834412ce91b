"""Result *first_order* on the networks of the 1-D study: the effect of an infinitesimal plain term, predicted and measured."""
