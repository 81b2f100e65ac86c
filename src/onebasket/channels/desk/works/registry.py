"""Every work that there is, by its name in addresses and by the table that it is offered on."""

from django.db.models import Model

from onebasket.channels.desk.works import (
    access,
    coupons,
    customers,
    exceptions,
    letters,
    orders,
    payments,
    points,
    prices,
    promotions,
    quarantine,
    returns,
    slots,
    stock,
    taxes,
    webhooks,
)
from onebasket.channels.desk.works.work import Work

WORKS: tuple[Work, ...] = (
    quarantine.MendQuarantined(),
    quarantine.ReplayQuarantined(),
    quarantine.DiscardQuarantined(),
    exceptions.MendLine(),
    exceptions.DismissLine(),
    exceptions.NoteBreach(),
    exceptions.SettleBreach(),
    exceptions.NoteDiscrepancy(),
    exceptions.CountDiscrepancy(),
    exceptions.CountShelf(),
    orders.PickOrder(),
    orders.HandOverOrder(),
    orders.CancelOrder(),
    orders.PutBackOrder(),
    payments.RefundOrder(),
    payments.IssueGiftCard(),
    payments.IssueStoreCredit(),
    payments.BlockBalance(),
    payments.UnblockBalance(),
    payments.ReplayParked(),
    payments.DropParked(),
    letters.SendLetterAgain(),
    stock.SetBuffer(),
    slots.PlanSlotDays(),
    slots.PlanSlotDate(),
    slots.DropSlotDate(),
    prices.SetPrice(),
    prices.EndPrice(),
    promotions.NewPromotion(),
    promotions.StatePromotion(),
    promotions.LaunchPromotion(),
    promotions.PreviewPromotion(),
    promotions.EditPromotion(),
    promotions.EndPromotion(),
    promotions.AdvancePreview(),
    coupons.SetCoupon(),
    coupons.MakeCodes(),
    coupons.EndCoupon(),
    coupons.SettleOveruse(),
    returns.SetReturnPolicy(),
    coupons.SetCampaign(),
    taxes.SetTax(),
    taxes.EndTax(),
    taxes.SetTaxTerms(),
    taxes.SetTaxClass(),
    points.SetEarningRule(),
    access.EnrolSource(),
    access.CloseSource(),
    access.OpenSource(),
    access.IssueToken(),
    access.RevokeToken(),
    access.AddUser(),
    access.ChangeUser(),
    access.DeactivateUser(),
    access.ActivateUser(),
    access.ResetPassword(),
    access.ResetSecondFactor(),
    customers.ChangeCustomer(),
    customers.MergeCustomer(),
    customers.UndoMerge(),
    customers.MakeCardCode(),
    customers.EraseCustomer(),
    webhooks.AddWebhook(),
    webhooks.RotateSecret(),
    webhooks.RedeliverDead(),
    webhooks.EnableWebhook(),
    webhooks.DisableWebhook(),
    webhooks.EndWebhook(),
)
BY_SLUG = {work.slug: work for work in WORKS}


def works_on_row(model: type[Model]) -> list[Work]:
    """Return what can be done to a row of a table."""
    return [work for work in WORKS if work.on_row and work.model is model]


def works_on_list(model: type[Model]) -> list[Work]:
    """Return what can be done from a table's list, to no row in particular."""
    return [work for work in WORKS if not work.on_row and model in {work.model, *work.also_on}]
